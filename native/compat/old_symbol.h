#pragma once

/// Names the symbol of an older C or C++ library, which newer ones keep: `GPTORCH_OLD_SYMBOL(old_stat, stat,
/// GLIBC_2.2.5)`.
///
/// The files here define, hidden in each library of ours, what the newest distributions added or gave a new version, so
/// that a build on one of them runs on older ones too. The linker takes from the archive only what a library uses.
/// scripts/release/floor.mjs says which versions are left.
#define GPTORCH_OLD_SYMBOL(alias, symbol, version) __asm__(".symver " #alias "," #symbol "@" #version)
