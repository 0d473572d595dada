// Nothing of it is named: see context.h.
#pragma once
