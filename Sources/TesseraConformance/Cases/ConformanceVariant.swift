import TesseraCore
import TesseraReference

/// The compile-time half of a case. Small periods make all pairs of properties meet.
struct ConformanceVariant {
  let index: Int
  private var random: SeededRandom

  init(_ index: Int) {
    self.index = index
    random = SeededRandom(UInt64(index) &+ 1_000_003)
  }

  var dtype: DType { GEMMProblem.dtypes[index % 3] }
  mutating func pick<T>(_ choices: [T]) -> T { random.pick(choices) }

  /// Extents where tiles, vectors and words end: 0, 1, primes, powers of two and their neighbours.
  static let extents = [
    0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 67, 96, 100, 127, 128,
    129, 131,
  ]
}

extension SeededRandom {
  /// Whether something that happens once in `n` times happens now.
  mutating func once(in n: Int) -> Bool { integer(in: 1...n) == 1 }

  /// A tensor of normal values, rounded to `dtype`.
  mutating func tensor(
    _ dimensions: [Int], _ dtype: DType, deviation: Double = 1
  ) throws(TesseraError) -> HostTensor {
    let shape = try Shape(dimensions)
    return try HostTensor(
      rounding: normals(shape.elementCount, deviation: deviation), to: dtype, shape: shape)
  }
}

extension HostTensor {
  /// Shape and element type, as problems are described.
  var described: (shape: Shape, dtype: DType) { (shape, dtype) }

  /// Whether type, shape and every bit are equal.
  func bytesEqual(_ other: HostTensor) -> Bool {
    dtype == other.dtype && shape == other.shape
      && withUnsafeBytes { left in other.withUnsafeBytes { left.elementsEqual($0) } }
  }
}
