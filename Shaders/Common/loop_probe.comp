#version 460
// Counts loop iterations that really happen: lavapipe before Mesa 23 silently stops an invocation
// after 65,535 of them. The result depends on every iteration, so no compiler can fold the loop.
layout(local_size_x = 1) in;
layout(set = 0, binding = 0) buffer Count { uint count[]; };
layout(push_constant) uniform Constants { uint iterations; };

void main() {
  uint done = 0u;
  uint state = count[1];
  for (uint i = 0u; i < iterations; i++) {
    state = state * 1664525u + 1013904223u;
    done += 1u;
    // Never true (the state is a full-period generator over odd multiples), but not provably so.
    if (state == 0x12345677u && i > 4000000000u) break;
  }
  count[1] = state;
  count[0] = done;
}
