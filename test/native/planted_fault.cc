// planted_fault KIND: ends well, unless a sanitizer ends it.

#include "planted_faults.h"

int main(int count, char** arguments) { gptorch::plantFault(count > 1 ? arguments[1] : ""); }
