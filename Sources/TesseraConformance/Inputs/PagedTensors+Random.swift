import TesseraCore
import TesseraReference

extension PagedTensors {
  /// Draws a problem of at most `work` multiplications, and its tensors. Pages that no sequence has, and
  /// places past a sequence's end, hold NaN; of codes it is their parameters that do.
  /// - Parameter mixed: whether pages of K and V hold codes, or elements of any type.
  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, work: Int, mixed: Bool = false
  ) throws(TesseraError) {
    var fixed = ListVariant(variant)
    if mixed {
      (fixed.headDim, fixed.valueDim) = [(64, 64), (128, 128), (16, 72), (96, 40)][variant.index % 4]
    }
    var own = variant
    let pageSize = fixed.group == 16 ? 16 : own.pick([1, 16, 64, 32, 4, 128, 256, 1])
    let (d, dv, dtype) = (fixed.headDim, fixed.valueDim, fixed.dtype)
    var (batch, queries, kvHeads, lengths) = (1, 1, 1, [Int]())
    repeat {
      batch = random.once(in: 40) ? 0 : random.integer(in: 1...3)
      queries = random.pick([1, 1, 1, 2, 5])
      kvHeads = random.integer(in: 1...2)
      lengths = (0..<batch).map { _ in
        switch random.integer(in: 0...5) {
        // Sixteen pages of sixteen, the last one cut.
        case 0...1: random.integer(in: 241...255)
        case 2: random.integer(in: 0...20)
        case 3: random.integer(in: 1000...3000)
        default: random.integer(in: 1...700)
        }
      }
    } while lengths.reduce(0, +) * queries * kvHeads * fixed.group * (d + dv) > work
    let heads = kvHeads * fixed.group
    let needed = lengths.map { ($0 + pageSize - 1) / pageSize }
    let maxPages = (needed.max() ?? 0) + random.integer(in: 0...2)
    let pages = needed.reduce(0, +) + random.integer(in: 0...3)
    // Every sequence its own pages, in any order; entries past its end are none.
    var free = Array(0..<pages)
    free.shuffle(using: &random)
    var table: [Int] = []
    var used = [Bool](repeating: false, count: pages * pageSize)
    for (length, count) in zip(lengths, needed) {
      for page in 0..<maxPages {
        guard page < count, let chosen = free.popLast() else {
          table.append(random.pick([-1, pages, Int(Int32.max), Int(Int32.min)]))
          continue
        }
        table.append(chosen)
        for place in 0..<min(pageSize, length - page * pageSize) {
          used[chosen * pageSize + place] = true
        }
      }
    }
    func cache(
      _ random: inout SeededRandom, _ dim: Int, _ storage: VectorStorage?
    ) throws(TesseraError) -> (HostTensor, HostTensor?) {
      if let storage, storage.format != nil {
        let tensors = try QuantizeCase.codes(storage, [pages, pageSize, kvHeads, dim], &random)
        var parameters = tensors[1].floats()
        let perToken = kvHeads * (dim / storage.channels) * 2
        for i in parameters.indices {
          let first = i / perToken * storage.tokens
          if !used[first..<(first + storage.tokens)].contains(true) { parameters[i] = .nan }
        }
        return (
          tensors[0],
          try HostTensor(
            rounding: parameters, to: storage.parameterDType, shape: tensors[1].shape)
        )
      }
      let dtype = storage?.dtype ?? dtype
      var values = random.normals(pages * pageSize * kvHeads * dim)
      for i in values.indices where !used[i / (kvHeads * dim)] { values[i] = .nan }
      return (
        try HostTensor(
          rounding: values, to: dtype, shape: try Shape([pages, pageSize, kvHeads, dim])), nil
      )
    }
    let keys = try mixed ? Self.storage(variant.index, pageSize, d, dtype) : nil
    let values = try mixed ? Self.storage(variant.index / 2 + 3, pageSize, dv, dtype) : nil
    q = try random.tensor(
      [batch, queries, heads, d], dtype, deviation: Double(random.pick([1, 1, 3])))
    (k, keyParameters) = try cache(&random, d, keys)
    (v, valueParameters) = try cache(&random, dv, values)
    blockTable = try BlockListTensors.integers(table, [batch, maxPages])
    // A length past the table is as long as the table.
    self.lengths = try BlockListTensors.integers(lengths, [batch])
    sinks =
      random.once(in: 3)
      ? try HostTensor(random.normals(heads, deviation: 2), shape: try Shape([heads])) : nil
    let keyBlock = random.pick([pageSize, pageSize, fixed.keyBlock])
    var lists: [Int]?
    var (indices, counts): ([Int], [Int]) = ([], [])
    if random.once(in: 2) {
      let own = random.pick([1, kvHeads, kvHeads, heads])
      let (width, blocks) = (random.pick([0, 1, 3, 8, 20]), maxPages * pageSize / keyBlock + 1)
      lists = [batch, own, width]
      for _ in 0..<(batch * own) {
        counts.append(random.integer(in: 0...(width + 1)))
        for place in 0..<width {
          let none = random.once(in: 6) || place >= counts[counts.count - 1]
          indices.append(
            none
              ? random.pick([-1, blocks, Int(Int32.max), Int(Int32.min)])
              : random.integer(in: 0...(blocks - 1)))
        }
      }
    }
    self.indices = try lists.map { dimensions throws(TesseraError) in
      try BlockListTensors.integers(indices, dimensions)
    }
    self.counts =
      random.once(in: 2)
      ? try lists.map { dimensions throws(TesseraError) in
        try BlockListTensors.integers(counts, Array(dimensions.dropLast()))
      } : nil
    problem = try PagedProblem(
      q: q.described, k: k.described, v: v.described, blockTable: blockTable.described,
      lengths: self.lengths.described, indices: self.indices?.described,
      counts: self.counts?.described, keyBlock: keyBlock, sinks: sinks?.described,
      softCap: fixed.softCap, splits: random.pick([nil, nil, 1, 2, 3, 7]),
      unifiedMaximum: variant.index % 3 == 1
        ? UnifiedMaximum(random.pick([0, 4, -100, 300]), reach: random.pick([48, 64, 2])) : nil,
      output: variant.index % 11 == 4 ? .f32 : nil, keyCodes: Self.codes(keys, keyParameters),
      valueCodes: Self.codes(values, valueParameters))
  }

  /// One way of many in which pages hold vectors.
  private static func storage(
    _ index: Int, _ pageSize: Int, _ dim: Int, _ dtype: DType
  ) throws(TesseraError) -> VectorStorage {
    let format: QuantizationFormat
    switch index % 7 {
    case 0: format = .perToken(.int4)
    case 1: format = .perChannel(.int8, tokens: pageSize)
    case 2: return .plain(dtype == .f16 ? .bf16 : .f16)
    case 3: format = .perToken(.int8, parameters: .f16)
    case 4: format = .perChannel(.int4, tokens: pageSize % 2 == 0 ? pageSize / 2 : 1)
    case 5: format = QuantizationFormat(.int4, channels: 8, parameters: .f32)
    default: return .plain(dtype == .f32 ? .f16 : .f32)
    }
    return try VectorStorage(format, dim: dim, elements: dtype)
  }

  private static func codes(
    _ storage: VectorStorage?, _ parameters: HostTensor?
  ) -> PagedProblem.CodeDescription? {
    guard let format = storage?.format, let parameters else { return nil }
    return (format, parameters.described)
  }
}
