import Tessera
import TesseraConformance
import TesseraCore
import TesseraReference
import Testing

@Suite("Caches in few bits") struct QuantizedCacheTests {
  @Test(arguments: Devices.backends)
  func `codes lie as the format says`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    // Two heads: 0 … 15 backwards, and one value.
    let x = try Tensor(
      (0..<32).map { Float($0 < 16 ? 15 - $0 : 7) }, shape: [1, 2, 16], dtype: .f16, on: device)
    let four = try device.quantize(x, .perToken(.int4))
    #expect(four.codes.shape == [1, 2, 8] && four.parameters.shape == [1, 2, 1, 2])
    // Channel 0 in the low half: 15 there and 14 above it.
    #expect(
      try four.codes.host().values(as: UInt8.self)
        == [0xEF, 0xCD, 0xAB, 0x89, 0x67, 0x45, 0x23, 0x01] + [UInt8](repeating: 0, count: 8))
    #expect(try four.parameters.floats() == [1, 0, 0, 7])
    #expect(try device.dequantize(four).floats() == x.floats())
    let eight = try device.quantize(x, .perToken(.int8, parameters: .f32))
    #expect(try eight.codes.host().values(as: UInt8.self)?.prefix(3) == [255, 238, 221])
    #expect(eight.parameters.dtype == .f32)
    let same = zip(try device.dequantize(eight).floats(), try x.floats()).allSatisfy {
      abs($0 - $1) < 1e-5
    }
    #expect(same)
    // A channel of one token is constant.
    let channels = try device.quantize(x, .perChannel(.int8, tokens: 1))
    #expect(channels.parameters.shape == [1, 2, 16, 2])
    #expect(try device.dequantize(channels).floats() == x.floats())
  }

  @Test func `sizes are those of the papers`() throws {
    for (code, bits) in [(QuantizationFormat.Code.int8, 8.25), (.int4, 4.25)] {
      let storage = try VectorStorage(.perToken(code), dim: 128, elements: .f16)
      #expect(storage.bytes(of: 128) * 8 / 128 == bits)
    }
    let device = try Devices.first(.cpu)
    let pages = try Tensor(zeros: [4, 64, 2, 128], dtype: .bf16, on: device)
    #expect(try device.quantize(pages, .perToken(.int4)).byteCount == 512 * (64 + 4))
    #expect(try device.quantize(pages, .perChannel(.int4, tokens: 64)).byteCount == 512 * 64 + 8 * 128 * 4)
  }

  /// Quantising and attending gives what attending the decoded elements does, bit by bit in its f32 sums.
  @Test(arguments: Devices.backends)
  func `attention reads codes as the elements they stand for`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    var random = SeededRandom(7)
    func tensor(_ shape: Shape) throws -> Tensor {
      try Tensor(random.normals(shape.elementCount), shape: shape, dtype: .f32, on: device)
    }
    let (k, v) = (try tensor([6, 8, 1, 64]), try tensor([6, 8, 1, 64]))
    let q = try tensor([1, 2, 64])
    let table = try Tensor([5, 0, 3, 1, 2, 4] as [Int32], shape: [1, 6], on: device)
    let lengths = try Tensor([45] as [Int32], shape: [1], on: device)
    let (keys, values) = (
      try device.quantize(k, .perChannel(.int8, tokens: 8)),
      try device.quantize(v, .perToken(.int4))
    )
    let o = try device.pagedAttention(
      q, PagedCache(.codes(keys), .codes(values), blockTable: table, lengths: lengths))
    let plain = try device.pagedAttention(
      q,
      PagedCache(
        keys: try device.dequantize(keys, as: .f32), values: try device.dequantize(values, as: .f32),
        blockTable: table, lengths: lengths))
    let dense = try device.pagedAttention(
      q, PagedCache(keys: k, values: v, blockTable: table, lengths: lengths))
    let (own, other) = (try o.floats(), try plain.floats())
    #expect(zip(own, other).allSatisfy { abs($0 - $1) < 1e-5 })
    // And both are near, not equal to, attention over what was there before.
    let distance = zip(own, try dense.floats()).map { abs($0 - $1) }.max() ?? 0
    #expect(distance > 1e-4 && distance < 0.2)
  }

  @Test func `what does not fit is named`() throws {
    let device = try Devices.first(.cpu)
    let x = try Tensor(zeros: [4, 2, 16], dtype: .f32, on: device)
    func message(_ format: QuantizationFormat, _ tensor: Tensor? = nil) -> String {
      do throws(TesseraError) {
        _ = try device.quantize(tensor ?? x, format)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(.perToken(.fp8)).contains("fp8"))
    #expect(message(.perChannel(.int8, tokens: 3)).contains("divisor of the 4 tokens"))
    #expect(message(QuantizationFormat(.int8, channels: 12)).contains("multiple of 8"))
    let odd = try Tensor(zeros: [4, 2, 12], dtype: .f32, on: device)
    #expect(message(.perToken(.int8), odd).contains("head dimension"))
  }

  @Test func `wrong codes would be seen`() throws {
    let x = (0..<64).map { Double(($0 * 37) % 29) / 7 - 2 }
    let problem = try QuantizationProblem(
      x: ([4, 1, 16], .f32), .perToken(.int4), decoding: false)
    let device = try Devices.first(.cpu)
    let made = try device.quantize(
      try Tensor(x.map { Float($0) }, shape: [4, 1, 16], on: device), .perToken(.int4))
    let (codes, parameters) = (try made.codes.host().doubles(), try made.parameters.host().doubles())
    func passes(_ codes: [Double], _ parameters: [Double]) -> Bool {
      Judge.quantization(problem, x: x.map { Double(Float($0)) }, codes: codes, parameters: parameters)
        .allSatisfy(\.verdict.passed)
    }
    #expect(passes(codes, parameters))
    // Halves of a byte exchanged, one code off by one, a scale a little wide, a zero too high.
    #expect(!passes(codes.map { ($0 / 16).rounded(.down) + 16 * $0.truncatingRemainder(dividingBy: 16) }, parameters))
    var other = codes
    other[5] += other[5] >= 240 ? -16 : 16
    #expect(!passes(other, parameters))
    var wide = parameters
    wide[2] *= 1.001
    #expect(!passes(codes, wide))
    var high = parameters
    high[1] += 1e-4
    #expect(!passes(codes, high))
  }

  @Test func `cases meet every way in which pages hold vectors`() throws {
    var seen: [String: Int] = [:]
    for seed in UInt64(1)..<121 {
      let c = try #require(
        try ConformanceOperator.quantizedDecode.makeCase(seed: seed) as? PagedCase)
      let p = c.attention.problem
      for storage in [p.keys, p.values] {
        let groups = storage.format.map { "\($0.code) \(storage.channels == 1 ? "channel" : "token")" }
        seen[groups ?? "\(storage.dtype)", default: 0] += 1
      }
      let rows = p.queryLength * (p.listHeads == p.heads ? 1 : p.group)
      seen[rows > 16 ? "many rows" : "few rows", default: 0] += 1
    }
    #expect(seen.count == 9, "\(seen)")
  }
}
