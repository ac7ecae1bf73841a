import TesseraCore
import TesseraReference
import Testing

@Suite struct `GEMM oracle` {
  @Test func `multiplies a worked example`() throws {
    let problem = try GEMMProblem(
      a: (shape: [2, 3], dtype: .f32), b: (shape: [3, 2], dtype: .f32),
      c: (shape: [2, 2], dtype: .f32), bias: (shape: [2], dtype: .f32), alpha: 2, beta: -1)
    let (d, magnitude) = Reference.gemm(
      problem, a: [1, 2, 3, 4, 5, 6], b: [7, -8, 9, 10, 11, 12], c: [1, 2, 3, 4], bias: [10, 20])
    // 2·A·B − C + bias, with A·B = [[58, 48], [139, 90]]
    let expected: [Double] = [125, 114, 285, 196]
    #expect(d == expected)
    // |A|·|B| = [[58, 64], [139, 154]]
    let sizes: [Double] = [127, 150, 291, 332]
    #expect(magnitude == sizes)
  }

  @Test func `reads transposed operands like their transposes`() throws {
    var random = SeededRandom(1)
    let (m, n, k) = (3, 4, 5)
    let a = random.normals(m * k).map(Double.init), b = random.normals(k * n).map(Double.init)
    var (aT, bT) = (a, b)
    for i in 0..<m { for p in 0..<k { aT[p * m + i] = a[i * k + p] } }
    for p in 0..<k { for j in 0..<n { bT[j * k + p] = b[p * n + j] } }
    let plain = try GEMMProblem(a: (shape: [3, 5], dtype: .f32), b: (shape: [5, 4], dtype: .f32))
    let both = try GEMMProblem(
      a: (shape: [5, 3], dtype: .f32), b: (shape: [4, 5], dtype: .f32), transposeA: true,
      transposeB: true)
    #expect(Reference.gemm(plain, a: a, b: b).d == Reference.gemm(both, a: aT, b: bT).d)
  }

  @Test func `broadcasts batch axes`() throws {
    let problem = try GEMMProblem(
      a: (shape: [2, 1, 1, 1], dtype: .f32), b: (shape: [3, 1, 2], dtype: .f32))
    let (d, _) = Reference.gemm(problem, a: [1, 10], b: [1, 2, 3, 4, 5, 6])
    #expect(problem.batch == [2, 3])
    #expect(d == [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60])
  }

  @Test func `with K = 0 gives the bias`() throws {
    let problem = try GEMMProblem(
      a: (shape: [2, 0], dtype: .f32), b: (shape: [0, 2], dtype: .f32),
      bias: (shape: [2, 1], dtype: .f32), activation: .relu)
    #expect(Reference.gemm(problem, a: [], b: [], bias: [-3, 4]).d == [0, 0, 4, 4])
  }

  @Test func `activates by the definitions`() {
    #expect(abs(Reference.activate(1, .gelu) - 0.841344746068543) < 1e-15)
    #expect(abs(Reference.activate(-6, .gelu) + 5.919526e-9) < 1e-14)
    #expect(abs(Reference.activate(1, .geluTanh) - 0.8411919906082768) < 1e-14)
    #expect(abs(Reference.activate(2, .silu) - 1.761594155955765) < 1e-15)
    #expect(Reference.activate(-2, .relu) == 0 && Reference.activate(.nan, .relu).isNaN)
  }

  @Test func `judge passes rounding and fails a planted error`() throws {
    var random = SeededRandom(2)
    let problem = try GEMMProblem(
      a: (shape: [8, 64], dtype: .f16), b: (shape: [64, 8], dtype: .f16))
    let a = random.normals(512).map(Double.init), b = random.normals(512).map(Double.init)
    let (d, magnitude) = Reference.gemm(problem, a: a, b: b)
    let rounded = try HostTensor(rounding: d.map(Float.init), to: .f16, shape: [8, 8]).doubles()
    #expect(Judge.gemm(problem, rounded, gold: d, magnitude: magnitude).passed)
    var wrong = rounded
    wrong[17] += 0.02
    #expect(!Judge.gemm(problem, wrong, gold: d, magnitude: magnitude).passed)
    wrong[17] = .nan
    #expect(!Judge.gemm(problem, wrong, gold: d, magnitude: magnitude).passed)
  }
}
