"""A GPT of any configuration, with GPT-2's parameter names. Layer norms keep weight and bias when linears have none."""

import torch
from torch import Tensor, nn

from plain.attention import Attention
from plain.config import Config
from plain.feed_forward import FeedForward


class DecoderBlock(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.pre = config.normPosition == "pre"
        self.ln_1 = nn.LayerNorm(config.width, config.layerNormEps)
        self.attn = Attention(config.width, config.heads, config.headWidth, config.bias, config.attentionWindow)
        self.ln_2 = nn.LayerNorm(config.width, config.layerNormEps)
        self.mlp = FeedForward(config.width, config.feedForwardWidth, config.activation, config.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.pre:
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))
        x = self.ln_1(x + self.attn(x))
        return self.ln_2(x + self.mlp(x))


class Transformer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.wte = nn.Embedding(config.vocabSize, config.width)
        self.wpe = nn.Embedding(config.contextLength, config.width)
        self.h = nn.ModuleList(DecoderBlock(config) for _ in range(config.layers))
        # Post-LN ends every block with a layer norm already: no final one.
        self.ln_f = nn.LayerNorm(config.width, config.layerNormEps) if config.normPosition == "pre" else nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))  # (B, T, width)
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class GPT(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.transformer = Transformer(config)
        self.lm_head = nn.Linear(config.width, config.vocabSize, bias=False)
        if config.tiedEmbedding:
            self.lm_head.weight = self.transformer.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.lm_head(self.transformer(tokens))  # (B, T, vocab size)
