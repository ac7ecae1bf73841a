import TesseraCore

/// Lists of matrix products that stay the same from version to version.
enum GEMMShapes {
  /// Square products in all four layouts.
  static func layouts(large: Bool, _ dtype: DType) -> [any BenchCase] {
    (large ? [2048, 4096, 8192] : [256]).flatMap { size in
      [(false, false), (false, true), (true, false), (true, true)].map {
        GEMMBenchCase(m: size, n: size, k: size, transposeA: $0.0, transposeB: $0.1, dtype: dtype)
      }
    }
  }

  /// Sixty products with M, N and K from 64 to 16,384: squares, skinny ones with few rows or columns, long
  /// sums, layers of transformers, sizes that no tile divides.
  static func fixed(large: Bool, _ dtype: DType) -> [any BenchCase] {
    (large ? shapes : shapes.filter { $0.0 * $0.1 * $0.2 <= 1 << 26 }).enumerated().map {
      // Weights are stored as [N, K] in every other one.
      GEMMBenchCase(
        m: $0.element.0, n: $0.element.1, k: $0.element.2, transposeB: $0.offset % 2 == 1,
        dtype: dtype)
    }
  }

  private static let shapes: [(Int, Int, Int)] = [
    (64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512), (1024, 1024, 1024),
    (1536, 1536, 1536), (2048, 2048, 2048), (3072, 3072, 3072), (4096, 4096, 4096),
    (6144, 6144, 6144), (8192, 8192, 8192), (384, 384, 384), (640, 640, 640), (768, 768, 768),
    (1000, 1000, 1000), (2000, 2000, 2000), (3000, 3000, 3000), (4000, 4000, 4000),
    (64, 4096, 4096), (64, 8192, 8192), (64, 16384, 4096), (64, 4096, 16384),
    (128, 4096, 4096), (128, 8192, 8192), (128, 16384, 4096), (128, 4096, 16384),
    (256, 4096, 4096), (256, 8192, 8192), (256, 4096, 16384), (512, 4096, 4096),
    (512, 8192, 8192), (1024, 4096, 4096), (1024, 8192, 8192), (1024, 4096, 16384),
    (2048, 4096, 4096), (2048, 8192, 2048), (2048, 2048, 8192), (2048, 16384, 4096),
    (4096, 64, 4096), (8192, 64, 8192), (4096, 128, 4096), (8192, 128, 2048),
    (4096, 256, 4096), (16384, 256, 1024), (4096, 512, 4096), (8192, 1024, 1024),
    (64, 64, 16384), (128, 128, 16384), (256, 256, 16384), (512, 512, 16384), (512, 512, 4096),
    (4096, 4096, 64), (4096, 4096, 128), (8192, 8192, 256), (2048, 2048, 512), (1024, 1024, 4096),
    (4096, 11008, 4096), (4096, 4096, 11008), (2048, 5120, 5120), (4096, 14336, 4096),
  ]
}
