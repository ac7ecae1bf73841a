/// The directions in which the vectors of one head vary most: eigenvectors of their covariance.
struct PrincipalAxes {
  let mean: [Float]
  /// Columns of a `D × D` matrix, the largest variance first.
  private let vectors: [[Double]]

  /// - Parameters:
  ///   - values: `[.., heads, dimension]`.
  ///   - head: the head that counts.
  init(_ values: [Float], head: Int, heads: Int, dimension d: Int) {
    var mean = [Double](repeating: 0, count: d)
    var covariance = [[Double]](repeating: mean, count: d)
    let starts = stride(from: head * d, to: values.count, by: heads * d)
    var count = 0.0
    for start in starts {
      for i in 0..<d { mean[i] += Double(values[start + i]) }
      count += 1
    }
    for i in 0..<d { mean[i] /= max(count, 1) }
    var centred = mean
    for start in starts {
      for i in 0..<d { centred[i] = Double(values[start + i]) - mean[i] }
      for i in 0..<d {
        for j in 0...i { covariance[i][j] += centred[i] * centred[j] }
      }
    }
    for i in 0..<d {
      for j in 0..<i { covariance[j][i] = covariance[i][j] }
    }
    self.mean = mean.map { Float($0) }
    vectors = Self.eigenvectors(of: covariance)
  }

  /// The first `rank` axes as the columns of `[D, rank]`, row-major.
  func leading(_ rank: Int) -> [Float] {
    mean.indices.flatMap { i in (0..<rank).map { Float(vectors[$0][i]) } }
  }

  /// Eigenvectors of a symmetric matrix by Jacobi's rotations, those of the largest eigenvalues first.
  private static func eigenvectors(of matrix: [[Double]]) -> [[Double]] {
    let n = matrix.count
    var a = matrix
    var v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
    for _ in 0..<60 {
      var off = 0.0
      for i in 0..<n {
        for j in 0..<i { off += a[i][j] * a[i][j] }
      }
      let scale = (0..<n).reduce(0) { $0 + a[$1][$1] * a[$1][$1] }
      if off <= 1e-24 * scale { break }
      for p in 0..<n {
        for q in 0..<p where a[p][q] != 0 {
          // The angle that makes a[p][q] 0.
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n {
            (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k])
          }
          for k in 0..<n {
            (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q])
          }
          for k in 0..<n {
            (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k])
          }
        }
      }
    }
    // Row i of v is the eigenvector of a[i][i].
    return (0..<n).sorted { a[$0][$0] > a[$1][$1] }.map { v[$0] }
  }
}
