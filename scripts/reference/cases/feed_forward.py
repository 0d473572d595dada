"""The feed-forward network with each activation."""

from transformers import GPT2Config
from transformers.models.gpt2.modeling_gpt2 import GPT2MLP

from case import Case
from draw import Draw
from modules import call, draw_parameters
from plain.feed_forward import FeedForward

# gptorch's names and Hugging Face's; "gelu" is the erf form in both, but only in GPT-2's configuration.
HUGGING_FACE = {"gelu_tanh": "gelu_new", "gelu": "gelu", "relu": "relu"}


def cases() -> list[Case]:
    by_activation = [_gpt2(f"feed_forward_{name}", name) for name in HUGGING_FACE]
    return [*by_activation, _no_bias("feed_forward_no_bias", width=20, inner=28)]


def _gpt2(name: str, activation: str) -> Case:
    width, inner = 12, 48
    module = GPT2MLP(inner, GPT2Config(n_embd=width, activation_function=HUGGING_FACE[activation]))
    draw = Draw(name)
    return Case(
        name=f"modules/{name}",
        reference=f"transformers GPT2MLP, {HUGGING_FACE[activation]}",
        config={"width": width, "feedForwardWidth": inner, "activation": activation, "bias": True},
        inputs={"hidden": draw.normal(2, 5, width)},
        parameters=draw_parameters(module, draw),
        run=lambda inputs, parameters: {"hidden": call(module, parameters, inputs["hidden"])},
    )


def _no_bias(name: str, width: int, inner: int) -> Case:
    module = FeedForward(width, inner, "relu", bias=False)
    draw = Draw(name)
    return Case(
        name=f"modules/{name}",
        reference="plain PyTorch: relu(x·c_fc)·c_proj",
        config={"width": width, "feedForwardWidth": inner, "activation": "relu", "bias": False},
        inputs={"hidden": draw.normal(1, 3, width)},
        parameters=draw_parameters(module, draw),
        run=lambda inputs, parameters: {"hidden": call(module, parameters, inputs["hidden"])},
    )
