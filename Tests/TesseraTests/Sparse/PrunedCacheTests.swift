import Tessera
import TesseraConformance
import TesseraCore
import TesseraReference
import Testing

@Suite("Caches with pruned elements") struct PrunedCacheTests {
  @Test func `as many elements stay as the paper's rule says`() throws {
    // The 89th smallest of 128 magnitudes is the threshold, and 40 are not below it.
    #expect(PruningFormat(.keys, sparsity: 0.7).kept(of: 128) == 40)
    #expect(PruningFormat(.keys, sparsity: 0.5).kept(of: 128) == 65)
    #expect(PruningFormat(.keys, sparsity: 0).kept(of: 64) == 64)
    #expect(PruningFormat(.keys, sparsity: 0.01).kept(of: 64) == 64)
    #expect(PruningFormat(.keys, sparsity: 1).kept(of: 64) == 1)
  }

  @Test(arguments: Devices.backends)
  func `packed vectors lie as the format says`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    // Token t keeps channel t alone, and all others' channel 3 is next in size.
    var values = [Float](repeating: 0, count: 64 * 64)
    for t in 0..<64 {
      values[64 * t + 3] = 1
      values[64 * t + t] = Float(t + 2)
    }
    let x = try Tensor(values, shape: [1, 64, 1, 64], dtype: .f16, on: device)
    let keys = try device.prune(x, PruningFormat(.keys, sparsity: 1))
    let bitmaps = try #require(try keys.bitmaps.host().values(as: UInt64.self))
    #expect(bitmaps == (0..<64).map { UInt64(1) << UInt64(63 - $0) })
    // One element and seven zeros to a tile: four pairs.
    #expect(try keys.offsets.host().values(as: Int32.self) == (0...64).map { Int32(4 * $0) })
    let elements = try keys.values.floats()
    #expect((0..<64).allSatisfy { elements[8 * $0] == Float($0 + 2) && elements[8 * $0 + 1] == 0 })
    // 8 bytes of bitmap, 4 of offset and 16 of elements for each of 64 tiles, and one offset more.
    #expect(try keys.packedByteCount() == 64 * (8 + 4 + 16) + 4)
    let two = try device.prune(x, PruningFormat(.values, sparsity: 63.5 / 64))
    #expect(PruningFormat(.values, sparsity: 63.5 / 64).kept(of: 64) == 2)
    let own = try #require(try two.bitmaps.host().values(as: UInt64.self))
    #expect(own[7] == 1 << 60 | 1 << 56 && two.values.shape[3] == 128 + 7 * 64)
    // Channel 3 of token 3 is its own; the next are zeros, of which the first stays.
    #expect(own[3] == UInt64(1) << 60 | UInt64(1) << 63)
    #expect(try device.unprune(two).floats() == values)
  }

  /// At the paper's sparsity a cache of normal values takes less than half of its bytes.
  @Test func `sizes are those of the paper`() throws {
    let device = try Devices.first(.cpu)
    var random = SeededRandom(3)
    let shape: Shape = [1, 256, 2, 128]
    let x = try Tensor(random.normals(shape.elementCount), shape: shape, dtype: .f16, on: device)
    for tiles in PruningFormat.Tiles.allCases {
      let packed = try device.prune(x, PruningFormat(tiles, sparsity: 0.7))
      let share = Double(try packed.packedByteCount()) / Double(2 * shape.elementCount)
      #expect(share > 0.42 && share < 0.48, "\(tiles) \(share)")
      #expect(packed.byteCount == 8 * (64 * 128 / 64 * 8 + 129 * 4 + (64 * 40 + 7 * 128) * 2))
    }
  }

  @Test(arguments: Devices.backends)
  func `attention reads packed vectors as the whole ones they stand for`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    var random = SeededRandom(11)
    func tensor(_ shape: Shape) throws -> Tensor {
      try Tensor(random.normals(shape.elementCount), shape: shape, dtype: .f32, on: device)
    }
    let (k, v) = (try tensor([2, 128, 1, 64]), try tensor([2, 128, 1, 64]))
    let recent = (keys: try tensor([2, 20, 1, 64]), values: try tensor([2, 20, 1, 64]))
    let q = try tensor([2, 3, 64])
    let keys = try device.prune(k, PruningFormat(.keys, sparsity: 0.7))
    let values = try device.prune(v, PruningFormat(.values, sparsity: 0.5))
    let result = try device.prunedAttention(q, keys: keys, values: values, recent: recent, splits: 2)
    let whole = try PrunedTensors(
      try PrunedAttentionProblem(
        q: (q.shape, .f32), keys: try keys.problem(), values: try values.problem(),
        recentKeys: (recent.keys.shape, .f32), recentValues: (recent.values.shape, .f32)),
      q: try q.host(),
      keys: [try keys.bitmaps.host(), try keys.offsets.host(), try keys.values.host()],
      values: [try values.bitmaps.host(), try values.offsets.host(), try values.values.host()],
      recentKeys: try recent.keys.host(), recentValues: try recent.values.host())
    let verification = Verifier.prunedAttention(
      whole, o: try result.output.host(), lse: try result.logSumExp.host())
    #expect(verification.passed, "\(verification.summary)")
    // Nothing pruned is attention as it was.
    let all = try device.prunedAttention(
      q, keys: try device.prune(k, PruningFormat(.keys, sparsity: 0)),
      values: try device.prune(v, PruningFormat(.values, sparsity: 0)))
    let dense = try device.attention(try q.reshaped(to: [2, 1, 3, 64]), k, v)
    let near = zip(try all.output.floats(), try dense.floats()).allSatisfy { abs($0 - $1) < 1e-5 }
    #expect(near)
  }

  @Test func `what does not fit is named, and what is not trusted does no harm`() throws {
    let device = try Devices.first(.cpu)
    func message(_ shape: Shape, _ sparsity: Double) throws -> String {
      let x = try Tensor(zeros: shape, dtype: .f32, on: device)
      do throws(TesseraError) {
        _ = try device.prune(x, PruningFormat(.keys, sparsity: sparsity))
        return ""
      } catch { return "\(error)" }
    }
    #expect(try message([1, 60, 1, 64], 0.5).contains("whole blocks of 64"))
    #expect(try message([1, 64, 1, 40], 0.5).contains("multiple of 64"))
    #expect(try message([1, 64, 1, 64], 1.5).contains("0...1"))
    let x = try Tensor(zeros: [1, 64, 1, 64], dtype: .f32, on: device)
    let format = PruningFormat(.keys, sparsity: 0.5)
    let packed = try device.prune(x, format)
    let wild = try Tensor(
      (0..<65).map { $0 % 2 == 0 ? Int32.max : .min }, shape: [1, 1, 1, 65], on: device)
    let bad = PrunedTensor(
      format: format, bitmaps: packed.bitmaps, offsets: wild, values: packed.values)
    #expect(try device.unprune(bad).floats().count == 4096)
    let other = PrunedTensor(
      format: PruningFormat(.keys, sparsity: 0.9), bitmaps: packed.bitmaps, offsets: packed.offsets,
      values: packed.values)
    #expect(throws: TesseraError.self) { try device.unprune(other) }
  }

  @Test func `wrong packing would be seen`() throws {
    let device = try Devices.first(.cpu)
    let x = try HostTensor(
      rounding: (0..<4096).map { Float(($0 * 37) % 101 - 50) }, to: .f16, shape: [1, 64, 1, 64])
    let format = PruningFormat(.values, sparsity: 0.7)
    let problem = try PruningProblem(x: (x.shape, .f16), format, unpacking: false)
    let packed = try device.prune(try Tensor(x, on: device), format)
    let host = [try packed.bitmaps.host(), try packed.offsets.host(), try packed.values.host()]
    func passes(_ bitmaps: HostTensor, _ offsets: HostTensor, _ values: HostTensor) -> Bool {
      Verifier.pruning(problem, x: x, bitmaps: bitmaps, offsets: offsets, values: values).passed
    }
    #expect(passes(host[0], host[1], host[2]))
    let maps = try #require(host[0].values(as: UInt64.self))
    let turned = try HostTensor(maps.map { $0.byteSwapped }, shape: host[0].shape)
    #expect(!passes(turned, host[1], host[2]))
    let moved = try HostTensor(
      try #require(host[1].values(as: Int32.self)).map { $0 + 4 }, shape: host[1].shape)
    #expect(!passes(host[0], moved, host[2]))
    var values = host[2].floats()
    values[0] += 1
    #expect(!passes(host[0], host[1], try HostTensor(rounding: values, to: .f16, shape: host[2].shape)))
  }
}
