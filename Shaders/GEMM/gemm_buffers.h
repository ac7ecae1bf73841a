// The buffers of every GEMM kernel in GLSL; see gemm_common.h. P is always f32.
INPUT_BUFFER(0, A, 3)
INPUT_BUFFER(1, B, 4)
INPUT_BUFFER(2, C, 5)
INPUT_BUFFER(3, BIAS, 6)
OUTPUT_BUFFER(4, D, 7)
#if SPLIT
layout(set = 0, binding = 5, std430) buffer P_Values { float P_values[]; };
float P_load(int i) { return P_values[i]; }
void P_store(int i, float v) { P_values[i] = v; }
#endif
