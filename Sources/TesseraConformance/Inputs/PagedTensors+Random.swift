import TesseraCore
import TesseraReference

extension PagedTensors {
  /// Draws a problem of at most `work` multiplications, and its tensors. Pages that no sequence has, and
  /// places past a sequence's end, hold NaN.
  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, work: Int
  ) throws(TesseraError) {
    let fixed = ListVariant(variant)
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
    func cache(_ random: inout SeededRandom, _ dim: Int) throws(TesseraError) -> HostTensor {
      var values = random.normals(pages * pageSize * kvHeads * dim)
      for i in values.indices where !used[i / (kvHeads * dim)] { values[i] = .nan }
      return try HostTensor(
        rounding: values, to: dtype, shape: try Shape([pages, pageSize, kvHeads, dim]))
    }
    q = try random.tensor(
      [batch, queries, heads, d], dtype, deviation: Double(random.pick([1, 1, 3])))
    k = try cache(&random, d)
    v = try cache(&random, dv)
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
      output: variant.index % 11 == 4 ? .f32 : nil)
  }
}
