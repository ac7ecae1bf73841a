package import TesseraCore

/// One operation of the reference set, in f32: the field's small kernels on our runtime, and the loops
/// that measure a device's ceilings.
package struct HPCProblem: Sendable, Hashable, Codable {
  /// What is computed. Operands are named in the order of the plan's list.
  package enum Operation: String, Sendable, Hashable, Codable, CaseIterable {
    /// `z = a·x + y`: x, y, z of `[n]`.
    case axpy
    /// `y = A·x`: A `[n, width]`, x `[width]`, y `[n]`.
    case gemv
    /// `y = A·x` with compressed rows: rows i32 `[n + 1]`, columns i32 `[entries]`, values `[entries]`,
    /// x `[n]`, y `[n]`.
    case spmv
    /// `steps` steps of Jacobi's method for Poisson's equation: u, f, v, grids `[n / width, width]`.
    case jacobi
    /// `steps` steps of conjugate gradients from 0: rows, columns, values, b, x as for spmv; A symmetric
    /// and positive definite.
    case cg
    /// Reads every element once: in `[n]`, out `[invocations]`, whose sum is that of the elements.
    case read = "stream-read"
    /// Writes every element once: out `[n]`, all `factor`.
    case write = "stream-write"
    /// `steps` passes of 32 chained fma per invocation: out `[invocations]`.
    case fma = "fma-peak"
  }

  package var operation: Operation
  /// Elements, rows or cells.
  package var n: Int
  /// Columns of a dense matrix or of a grid.
  package var width: Int
  /// Entries of a sparse matrix.
  package var entries: Int
  /// Steps of an iteration.
  package var steps: Int
  /// The scalar of axpy, write and fma.
  package var factor: Float

  /// - Throws: `invalidArgument` naming the first size that makes no sense.
  package init(
    _ operation: Operation, n: Int, width: Int = 1, entries: Int = 0, steps: Int = 1,
    factor: Float = 0.5
  ) throws(TesseraError) {
    (self.operation, self.n, self.width) = (operation, n, width)
    (self.entries, self.steps, self.factor) = (entries, steps, factor)
    let limit = 1 << 30
    for (name, value, least) in [
      ("n", n, 1), ("width", width, 1), ("entries", entries, 0), ("steps", steps, 1),
    ] where value < least || value > limit {
      throw .invalidArgument(name, got: value, allowed: "\(least)...\(limit)")
    }
    let (cells, overflow) = n.multipliedReportingOverflow(by: operation == .gemv ? width : 1)
    guard !overflow, cells <= Int(Int32.max) else {
      throw .invalidArgument("n · width", got: "\(n) · \(width)", allowed: "0...\(Int32.max)")
    }
    if operation == .jacobi, n % width != 0 {
      throw .invalidArgument("n", got: n, allowed: "whole lines of \(width) cells")
    }
    if [.read, .write].contains(operation), n % 4 != 0 {
      throw .invalidArgument("n", got: n, allowed: "multiples of 4")
    }
  }

  /// Floating-point operations.
  package var flops: Double {
    let (n, steps) = (Double(n), Double(steps))
    return switch operation {
    case .axpy: 2 * n
    case .gemv: 2 * n * Double(width)
    case .spmv: 2 * Double(entries)
    case .jacobi: 5 * n * steps
    case .cg: steps * (2 * Double(entries) + 10 * n)
    case .read: n
    case .write: 0
    // `n` invocations.
    case .fma: 64 * n * steps
    }
  }

  /// Bytes that must move: what every step reads and writes, each array once per step.
  package var bytes: Double {
    let (n, steps, entries) = (Double(n), Double(steps), Double(entries))
    return switch operation {
    case .axpy: 12 * n
    case .gemv: 4 * (n * Double(width) + n + Double(width))
    case .spmv: 8 * entries + 12 * n
    case .jacobi: 12 * n * steps
    case .cg: steps * (8 * entries + 12 * n + 8 * n + 24 * n + 4 * n + 12 * n)
    case .read, .write, .fma: 4 * n
    }
  }
}
