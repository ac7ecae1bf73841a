import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference

extension HPCData {
  /// Compares a result with f64. Sums of `k` products may be off by `4·√k·u` of the sum of their
  /// magnitudes; solutions by conjugate gradients by 10⁻⁴ of their length.
  func verify(
    _ inputs: [HostTensor?], _ output: HostTensor?
  ) throws(TesseraError) -> Verification {
    guard let output else { return Verification([]) }
    let values = output.doubles()
    let given = inputs.map { $0?.doubles() ?? [] }
    let u = DType.f32.unitRoundoff
    let n = problem.n
    switch problem.operation {
    case .axpy:
      let a = Double(problem.factor)
      let gold = (0..<n).map { a * given[0][$0] + given[1][$0] }
      return judge(values, gold, "2·u·(|a·x| + |y|)") {
        2 * u * (abs(a * given[0][$0]) + abs(given[1][$0])) + 0x1p-125
      }
    case .gemv:
      let width = problem.width
      return sums(values, terms: width) { row in
        (0..<width).lazy.map { given[0][row * width + $0] * given[1][$0] }
      }
    case .spmv:
      let (rows, columns) = (given[0].map { Int($0) }, given[1].map { Int($0) })
      return sums(values, terms: problem.entries / n) { row in
        (rows[row]..<rows[row + 1]).lazy.map { given[2][$0] * given[3][columns[$0]] }
      }
    case .jacobi:
      let gold = jacobi(given[0], given[1])
      let largest = max(
        given[0].reduce(0) { max($0, abs($1)) }, given[1].reduce(0) { max($0, abs($1)) })
      return judge(values, gold, "4·steps·u·max(|u|, |f|)") { _ in
        4 * Double(problem.steps) * u * largest
      }
    case .cg:
      let gold = solution(given)
      let report = ErrorReport(values, gold: gold, rowLength: n)
      return Verification([
        ("x", Judge.verdict(report, total: 1e-4, allowed: "|x − x64| ≤ 10⁻⁴·|x64|"))
      ])
    case .read:
      let magnitude = given[0].reduce(0) { $0 + abs($1) }
      return judge([values.reduce(0, +)], [given[0].reduce(0, +)], "4·√n·u·Σ|x|") { _ in
        4 * Double(n).squareRoot() * u * magnitude
      }
    case .write:
      return judge(values, [Double](repeating: Double(problem.factor), count: n), "none") { _ in
        0x1p-149
      }
    case .fma:
      let a = Double(problem.factor)
      var chains = (0..<32).map(Double.init)
      for _ in 0..<problem.steps { chains = chains.map { $0 * a + a / 2 } }
      let sum = chains.reduce(0, +)
      return judge(values, [Double](repeating: sum, count: n), "256·u·|sum|") { _ in
        256 * u * abs(sum)
      }
    }
  }

  private func judge(
    _ values: [Double], _ gold: [Double], _ allowed: String, bound: @escaping (Int) -> Double
  ) -> Verification {
    let report = ErrorReport(values, gold: gold, rowLength: gold.count, bound: bound)
    return Verification([("out", Judge.verdict(report, allowed: allowed))])
  }

  private func sums<Terms: Sequence<Double>>(
    _ values: [Double], terms: Int, of row: (Int) -> Terms
  ) -> Verification {
    var (gold, magnitude): ([Double], [Double]) = ([], [])
    for index in values.indices {
      var (sum, size) = (0.0, 0.0)
      for term in row(index) {
        sum += term
        size += abs(term)
      }
      gold.append(sum)
      magnitude.append(size)
    }
    let factor = 4 * Double(max(terms, 1)).squareRoot() * DType.f32.unitRoundoff
    return judge(values, gold, "4·√k·u·Σ|a·x|") { factor * magnitude[$0] + 0x1p-125 }
  }

  private func jacobi(_ u: [Double], _ f: [Double]) -> [Double] {
    let (n, width) = (problem.n, problem.width)
    var (now, next) = (u, u)
    for _ in 0..<problem.steps {
      for i in 0..<n {
        let x = i % width
        let sides = (x > 0 ? now[i - 1] : 0) + (x + 1 < width ? now[i + 1] : 0)
        let ends = (i >= width ? now[i - width] : 0) + (i + width < n ? now[i + width] : 0)
        next[i] = 0.25 * (sides + ends + f[i])
      }
      swap(&now, &next)
    }
    return now
  }

  /// The exact solution: conjugate gradients in f64 until nothing changes.
  private func solution(_ given: [[Double]]) -> [Double] {
    let (rows, columns) = (given[0].map { Int($0) }, given[1].map { Int($0) })
    let n = problem.n
    func product(_ x: [Double]) -> [Double] {
      (0..<n).map { row in
        var sum = 0.0
        for e in rows[row]..<rows[row + 1] { sum += given[2][e] * x[columns[e]] }
        return sum
      }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for i in 0..<n { sum += a[i] * b[i] }
      return sum
    }
    var (x, r, p) = ([Double](repeating: 0, count: n), given[3], given[3])
    let start = dot(r, r)
    var rr = start
    for _ in 0..<200 where rr > 1e-28 * start {
      let q = product(p)
      let alpha = rr / dot(p, q)
      for i in 0..<n {
        x[i] += alpha * p[i]
        r[i] -= alpha * q[i]
      }
      let next = dot(r, r)
      for i in 0..<n { p[i] = r[i] + next / rr * p[i] }
      rr = next
    }
    return x
  }
}
