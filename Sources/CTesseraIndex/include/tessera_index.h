#pragma once
// Index arithmetic that defines operators, shared with the kernels word for word.
#include "../../../Shaders/Attention/attention_axis.h"
#include "../../../Shaders/Neighborhood/na_grid.h"
