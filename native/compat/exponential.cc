// glibc 2.29 gave these a new version that no longer sets errno by System V's rules; the numbers are the same.
#include "compat/old_symbol.h"

extern "C" {

GPTORCH_OLD_SYMBOL(old_exp, exp, GLIBC_2.2.5);
GPTORCH_OLD_SYMBOL(old_log, log, GLIBC_2.2.5);
double old_exp(double x);
double old_log(double x);

double exp(double x) { return old_exp(x); }
double log(double x) { return old_log(x); }

}  // extern "C"
