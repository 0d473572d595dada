"""GPT-2 as one writes it in PyTorch, after the manner of nanoGPT."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):  # (B, T, width)
        batch, length, width = x.shape
        q, k, v = self.c_attn(x).split(width, dim=2)
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2) for t in (q, k, v))  # (B, heads, T, headWidth)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).contiguous().view(batch, length, width))


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.gelu = nn.GELU(approximate="tanh")
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.c_proj(self.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = FeedForward(width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Parameters under Hugging Face's names, without its prefix `transformer.`."""

    def __init__(self, config: dict):
        super().__init__()
        width = config["width"]
        self.wte = nn.Embedding(config["vocabSize"], width)
        self.wpe = nn.Embedding(config["contextLength"], width)
        self.h = nn.ModuleList(Block(width, config["heads"]) for _ in range(config["layers"]))
        self.ln_f = nn.LayerNorm(width)

    def load(self, weights: dict[str, torch.Tensor]) -> None:
        """Hugging Face keeps the linear layers' weights as (in, out)."""
        transposed = ("c_attn.weight", "c_proj.weight", "c_fc.weight")
        self.load_state_dict(
            {
                name.removeprefix("transformer."): value.t().contiguous() if name.endswith(transposed) else value
                for name, value in weights.items()
            }
        )

    def forward(self, tokens, targets):  # (B, T) each
        positions = torch.arange(tokens.size(1), device=tokens.device)
        x = self.wte(tokens) + self.wpe(positions)
        for block in self.h:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)  # (B, T, vocabSize)
        return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))
