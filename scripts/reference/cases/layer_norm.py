"""Layer norm over the last dimension."""

from torch.nn.functional import layer_norm

from case import Case, Tensors
from draw import Draw


def cases() -> list[Case]:
    return [
        _case("layer_norm", (2, 5, 12)),
        _case("layer_norm_width_20", (1, 3, 20)),
        _case("layer_norm_length_one", (1, 1, 12)),
        # A variance of about 1e-6 lies below eps: eps inside the square root, or outside, or of another size, differ.
        _case("layer_norm_small_variance", (2, 3, 12), std=1e-3),
        _case("layer_norm_far_from_zero", (2, 3, 12), mean=30.0),
    ]


def _case(name: str, shape: tuple[int, int, int], mean: float = 0.0, std: float = 1.0) -> Case:
    draw = Draw(name)
    width, eps = shape[-1], 1e-5

    def run(inputs: Tensors, parameters: Tensors) -> Tensors:
        return {"hidden": layer_norm(inputs["hidden"], (width,), parameters["weight"], parameters["bias"], eps)}

    return Case(
        name=f"modules/{name}",
        reference="torch.nn.functional.layer_norm",
        config={"width": width, "layerNormEps": eps},
        inputs={"hidden": draw.normal(*shape, mean=mean, std=std)},
        parameters=draw.parameters({"weight": (width,), "bias": (width,)}),
        run=run,
    )
