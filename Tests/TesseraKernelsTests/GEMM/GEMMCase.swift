import TesseraCore
import TesseraKernels

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A reproducible stream of random numbers (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// A number in [-1, 1) with 24 random bits; much faster than `Float.random` in debug builds.
  mutating func signedUnit() -> Float {
    Float(Int32(truncatingIfNeeded: next() &>> 32) &>> 8) * 0x1p-23
  }
}

/// One operand: its stored bytes, and the same values as doubles by element position.
struct GEMMOperand {
  var bytes: [UInt8] = []
  var values: [Double] = []

  /// Elements from the first to the last of an operand, padding included.
  static func count(_ operand: GEMMProblem.Operand, rows: Int, columns: Int, batch: [Int]) -> Int {
    guard rows > 0, columns > 0, !batch.contains(0) else { return 0 }
    let steps = zip(batch, operand.batchStrides).map { ($0 - 1) * $1 }.reduce(0, +)
    return steps + (rows - 1) * operand.rowStride + columns
  }

  init(count: Int, dtype: DType, _ next: () -> Float) {
    values = [Double](unsafeUninitializedCapacity: count) { memory, initialized in
      initialized = count
      bytes = [UInt8](unsafeUninitializedCapacity: count * dtype.byteCount) { raw, filled in
        filled = count * dtype.byteCount
        let store = UnsafeMutableRawBufferPointer(raw)
        for index in 0..<count {
          let value = next()
          switch dtype {
          case .f16:
            let stored = Float16(value)
            memory[index] = Double(stored)
            store.storeBytes(of: stored.bitPattern, toByteOffset: 2 * index, as: UInt16.self)
          case .bf16:
            let stored = BFloat16(value)
            memory[index] = Double(Float(stored))
            store.storeBytes(of: stored.bitPattern, toByteOffset: 2 * index, as: UInt16.self)
          default:
            memory[index] = Double(value)
            store.storeBytes(of: value.bitPattern, toByteOffset: 4 * index, as: UInt32.self)
          }
        }
      }
    }
  }

  /// The element at `index` of stored bytes.
  static func value(_ bytes: [UInt8], _ index: Int, _ dtype: DType) -> Double {
    let size = dtype.byteCount
    return bytes.withUnsafeBytes { memory in
      switch dtype {
      case .f16:
        Double(
          Float16(bitPattern: memory.loadUnaligned(fromByteOffset: index * size, as: UInt16.self)))
      case .bf16:
        Double(
          Float(
            bitPattern: UInt32(
              memory.loadUnaligned(fromByteOffset: index * size, as: UInt16.self)) << 16))
      default: Double(memory.loadUnaligned(fromByteOffset: index * size, as: Float.self))
      }
    }
  }
}

/// A problem with its data and its exact meaning.
struct GEMMCase {
  var problem: GEMMProblem
  var a: GEMMOperand
  var b: GEMMOperand
  var c: GEMMOperand?
  var bias: GEMMOperand?
  /// Elements of D, padding included.
  var outputCount: Int

  init(_ problem: GEMMProblem, _ next: () -> Float) {
    self.problem = problem
    let (m, n, k) = (problem.m, problem.n, problem.k)
    func operand(_ operand: GEMMProblem.Operand, _ rows: Int, _ columns: Int) -> GEMMOperand {
      let count = GEMMOperand.count(operand, rows: rows, columns: columns, batch: problem.batch)
      return GEMMOperand(count: count, dtype: operand.dtype, next)
    }
    a = operand(problem.a, problem.transposeA ? k : m, problem.transposeA ? m : k)
    b = operand(problem.b, problem.transposeB ? n : k, problem.transposeB ? k : n)
    c = problem.c.map { operand($0, m, n) }
    bias = problem.bias.map {
      GEMMOperand(count: $0.axis == .row ? n : m, dtype: $0.dtype, next)
    }
    outputCount = GEMMOperand.count(problem.d, rows: m, columns: n, batch: problem.batch)
  }

  /// The five operands of a plan; D filled with NaN.
  var operands: [[UInt8]?] {
    let d = [UInt8](repeating: 0xFF, count: outputCount * problem.d.dtype.byteCount)
    func present(_ operand: GEMMOperand?) -> [UInt8]? {
      guard let operand, !operand.bytes.isEmpty else { return nil }
      return operand.bytes
    }
    return [present(a), present(b), present(c), present(bias), d]
  }

  /// Position of batch `index` in `operand`, in elements.
  func offset(_ operand: GEMMProblem.Operand, _ index: Int) -> Int {
    var (rest, offset) = (index, 0)
    for (extent, stride) in zip(problem.batch, operand.batchStrides).reversed() {
      offset += rest % extent * stride
      rest /= extent
    }
    return offset
  }

  /// `D[i][j]` of batch `index` in f64, and how far a result may be from it.
  func expected(_ index: Int, _ i: Int, _ j: Int) -> (value: Double, bound: Double) {
    let (sum, magnitude) = dot(index, i, j)
    let u = 0x1p-24
    let alpha = Double(problem.alpha)
    var value = alpha * sum
    var bound = 4 * Double(problem.k).squareRoot() * u * abs(alpha) * magnitude
    var parts = abs(value)
    if let c, let layout = problem.c {
      let term = Double(problem.beta) * c.values[offset(layout, index) + i * layout.rowStride + j]
      value += term
      parts += abs(term)
    }
    if let bias, let description = problem.bias {
      let term = bias.values[description.axis == .row ? j : i]
      value += term
      parts += abs(term)
    }
    // Scaling and the two additions round once each.
    if problem.alpha != 1 || problem.c != nil || problem.bias != nil { bound += 3 * u * parts }
    let before = value
    switch problem.activation {
    case .none: break
    case .relu: value = max(value, 0)
    case .gelu: value = value / 2 * erfc(-value / 2.0.squareRoot())
    case .geluTanh:
      let cube = value * value * value
      value = value / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (value + 0.044715 * cube)))
    case .silu: value /= 1 + exp(-value)
    }
    if problem.activation != .none, problem.activation != .relu {
      // No activation is steeper than 1.13; evaluating one costs some ulps of its argument.
      bound = 1.13 * bound + 8 * u * abs(before)
    }
    let smallest = problem.d.dtype == .f16 ? 0x1p-25 : 0x1p-134
    bound += (abs(value) + bound) * problem.d.dtype.unitRoundoff + smallest
    return (value, bound)
  }

  /// `Σp op(A)[i][p]·op(B)[p][j]` and the same of magnitudes. Over pointers: this is the inner loop.
  private func dot(_ index: Int, _ i: Int, _ j: Int) -> (Double, Double) {
    guard problem.k > 0 else { return (0, 0) }
    let (sa, sb) = (problem.a.rowStride, problem.b.rowStride)
    let (stepA, stepB) = (problem.transposeA ? sa : 1, problem.transposeB ? 1 : sb)
    let startA = offset(problem.a, index) + i * (problem.transposeA ? 1 : sa)
    let startB = offset(problem.b, index) + j * (problem.transposeB ? sb : 1)
    return a.values.withUnsafeBufferPointer { a in
      b.values.withUnsafeBufferPointer { b in
        var (sum, magnitude, p) = (0.0, 0.0, 0)
        while p < problem.k {
          let product = a[startA + p * stepA] * b[startB + p * stepB]
          sum += product
          magnitude += abs(product)
          p += 1
        }
        return (sum, magnitude)
      }
    }
  }
}
