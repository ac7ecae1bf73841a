// Products of one warpgroup: 64 × TILE_N sums += 64 × 32 bytes of A · 32 bytes × TILE_N of B, both read
// from local memory as descriptors say. Sum i of an invocation (warp w of the warpgroup, lane l) is
//
//   row    16·w + l / 4 + 8·(i / 2 % 2)
//   column 8·(i / 4) + 2·(l % 4) + i % 2
#ifndef TESSERA_HOPPER_WGMMA_H
#define TESSERA_HOPPER_WGMMA_H

#define TSR_TEXT_(x) #x
#define TSR_TEXT(x) TSR_TEXT_(x)

#define SUMS_8(d, i)                                                                        \
  "+f"((d)[i]), "+f"((d)[(i) + 1]), "+f"((d)[(i) + 2]), "+f"((d)[(i) + 3]),                 \
      "+f"((d)[(i) + 4]), "+f"((d)[(i) + 5]), "+f"((d)[(i) + 6]), "+f"((d)[(i) + 7])
#define SUMS_32(d, i) SUMS_8(d, i), SUMS_8(d, (i) + 8), SUMS_8(d, (i) + 16), SUMS_8(d, (i) + 24)

#define PLACES_32 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, " \
  "%20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define PLACES_64 \
  PLACES_32 ", " "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, " \
  "%50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define PLACES_96 \
  PLACES_64 ", " "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, " \
  "%82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define PLACES_128 \
  PLACES_96 ", " "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, " \
  "%111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, " \
  "%126, %127"

// K runs along the rows of A unless it is stored transposed, and along those of B only if it is.
#if TRANSPOSE_B
#define WGMMA_LAYOUT TSR_TEXT(TRANSPOSE_A) ", 0"
#else
#define WGMMA_LAYOUT TSR_TEXT(TRANSPOSE_A) ", 1"
#endif
#define WGMMA_TEXT(places, a, b, add)                                                              \
  "//@{ .reg .pred p; setp.ne.b32 p, " add ", 0; wgmma.mma_async.sync.aligned.m64n" TSR_TEXT(TILE_N) \
  "k16.f32." ELEMENT "." ELEMENT " {" places "}, " a ", " b ", p, 1, 1, " WGMMA_LAYOUT "; }"

// `a` and `b` are descriptors; sums start from zero where `add` is 0.
#if TILE_N == 64
#define WGMMA(d, a, b, add)                                  \
  asm volatile(WGMMA_TEXT(PLACES_32, "%32", "%33", "%34") \
               : SUMS_32(d, 0) : "l"(a), "l"(b), "r"(add))
#elif TILE_N == 128
#define WGMMA(d, a, b, add)                                  \
  asm volatile(WGMMA_TEXT(PLACES_64, "%64", "%65", "%66") \
               : SUMS_32(d, 0), SUMS_32(d, 32) : "l"(a), "l"(b), "r"(add))
#elif TILE_N == 192
#define WGMMA(d, a, b, add)                                  \
  asm volatile(WGMMA_TEXT(PLACES_96, "%96", "%97", "%98") \
               : SUMS_32(d, 0), SUMS_32(d, 32), SUMS_32(d, 64) : "l"(a), "l"(b), "r"(add))
#elif TILE_N == 256
#define WGMMA(d, a, b, add)                                  \
  asm volatile(WGMMA_TEXT(PLACES_128, "%128", "%129", "%130") \
               : SUMS_32(d, 0), SUMS_32(d, 32), SUMS_32(d, 64), SUMS_32(d, 96) : "l"(a), "l"(b), "r"(add))
#endif

#endif
