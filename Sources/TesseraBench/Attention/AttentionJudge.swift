import Tessera
import TesseraConformance
import TesseraCore
import TesseraReference

/// Compares an attention of any size with the oracle: all of it where that takes a second, else some
/// queries and keys of some heads.
struct AttentionJudge {
  private let attention: BenchAttention
  /// q, k, v, and dO for gradients.
  private let host: [HostTensor]
  private let o: HostTensor
  private let lse: HostTensor
  private let gradients: [HostTensor]
  private let seed: UInt64
  /// Heads, and queries or keys of each, that are looked at.
  private let samples: (heads: Int, rows: Int)
  private let few: Bool
  /// Share of the work usual for judging all of an attention above which samples decide.
  private let wholeShare: Double

  /// - Parameter few: whether a handful of rows will do.
  init(
    _ data: AttentionData, seed: UInt64, few: Bool = false
  ) throws(TesseraError) {
    var gradients: [HostTensor] = []
    for tensor in data.gradients { gradients.append(try tensor.host()) }
    self.init(
      data.attention, host: data.host, o: try data.o.host(), lse: try data.lse.host(),
      gradients: gradients, seed: seed, few: few)
  }

  /// - Parameters:
  ///   - host: q, k, v, and dO for gradients.
  ///   - gradients: dQ, dK, dV, or nothing.
  ///   - wholeShare: less than 1 lets samples decide earlier.
  init(
    _ attention: BenchAttention, host: [HostTensor], o: HostTensor, lse: HostTensor,
    gradients: [HostTensor], seed: UInt64, few: Bool = false, wholeShare: Double = 1
  ) {
    self.attention = attention
    self.host = host
    self.o = o
    self.lse = lse
    self.gradients = gradients
    self.seed = seed
    samples = few ? (2, 4) : (4, 16)
    self.few = few
    self.wholeShare = wholeShare
  }

  /// Judges O and LSE.
  func forward() throws(TesseraError) -> Verification {
    if isSmall(1e9) { return try whole(backward: false) }
    let head = attention.head
    var (values, plain, lseValues): ([Double], [Double], [Double]) = ([], [], [])
    var gold: AttentionOracle?
    for sample in heads() {
      let (k, v) = (vectors(1, sample, kv: true), vectors(2, sample, kv: true))
      let rows = tokens(attention.queryTokens, sample)
      let keys = rows.map { attention.keys(of: $0, entry: sample.entry, head: sample.head) }
      let q = vectors(0, sample, of: rows)
      let own = Reference.attention(ofRows: keys, head, q: q, k: k, v: v)
      gold = gold?.followed(by: own) ?? own
      plain += Reference.plainAttention(ofRows: keys, head, q: q, k: k, v: v)
      values += gather(o, sample, of: rows, width: head.valueDim)
      lseValues += gather(lse, sample, of: rows, width: 1)
    }
    guard let gold else { return Verification([]) }
    let q: (shape: Shape, dtype: DType) = (try Shape([1, 1, 1, head.headDim]), head.dtype)
    let v: (shape: Shape, dtype: DType) = (try Shape([1, 1, 1, head.valueDim]), head.dtype)
    let problem = try AttentionProblem(q: q, k: q, v: v, output: head.outputDType)
    return Verification([
      ("o", Judge.attention(problem, values, gold: gold, plain: plain)),
      ("lse", Judge.logSumExp(problem, lseValues, gold: gold)),
    ])
  }

  /// Judges dQ, dK and dV, given the LSE and O that they were made from.
  func backward() throws(TesseraError) -> Verification {
    if isSmall(2e8) { return try whole(backward: true) }
    let head = attention.head
    var (dq, dk, dv) = (Samples(), Samples(), Samples())
    for sample in heads() {
      let (k, v) = (vectors(1, sample, kv: true), vectors(2, sample, kv: true))
      let rows = tokens(attention.queryTokens, sample)
      let keys = rows.map { attention.keys(of: $0, entry: sample.entry, head: sample.head) }
      let own = pairs(keys, sample, rows, k, v)
      dq.add(
        gather(gradients[0], sample, of: rows, width: head.headDim), own.gold.dq, own.plain.dq)
      // Keys of the KV head, with the queries of all its query heads.
      let columns = tokens(attention.keyTokens, sample)
      var (all, attending): ([(token: Int, head: Int)], [[Int]]) = ([], [])
      let group = attention.heads / attention.kvHeads
      var places: [Int: [Int]] = [:]
      for (place, column) in columns.enumerated() {
        for query in attention.queries(of: column, entry: sample.entry, head: sample.head) {
          places[query, default: []].append(place)
        }
      }
      for (query, own) in places.sorted(by: { $0.key < $1.key }) {
        for member in 0..<group {
          all.append((query, sample.head / group * group + member))
          attending.append(own)
        }
      }
      let picked = (
        vectors(1, sample, of: columns, kv: true), vectors(2, sample, of: columns, kv: true)
      )
      let others = pairs(attending, entry: sample.entry, all, picked.0, picked.1)
      dk.add(
        gather(gradients[1], sample, of: columns, width: head.headDim, kv: true), others.gold.dk,
        others.plain.dk)
      dv.add(
        gather(gradients[2], sample, of: columns, width: head.valueDim, kv: true), others.gold.dv,
        others.plain.dv)
    }
    let dtype = [head.dtype, head.outputDType].max { $0.unitRoundoff < $1.unitRoundoff } ?? .f32
    return Verification(
      [
        dq.judged("dq", head.headDim, dtype), dk.judged("dk", head.headDim, dtype),
        dv.judged("dv", head.valueDim, dtype),
      ].compactMap(\.self))
  }

  /// One head of one batch entry.
  private struct Sample {
    var entry: Int
    var head: Int
  }

  /// Values of one gradient with the oracle's.
  private struct Samples {
    var values: [Double] = []
    var gold: Gradient?
    var plain: [Double] = []

    mutating func add(_ values: [Double], _ gold: Gradient, _ plain: Gradient) {
      self.values += values
      self.gold = self.gold?.followed(by: gold) ?? gold
      self.plain += plain.values
    }

    func judged(
      _ name: String, _ rowLength: Int, _ dtype: DType
    ) -> (name: String, verdict: Judge.Verdict)? {
      guard let gold else { return nil }
      return (
        name,
        Judge.gradient(values, gold: gold, plain: plain, rowLength: rowLength, dtype: dtype)
      )
    }
  }

  private func isSmall(_ limit: Double) -> Bool {
    let head = attention.head
    // The oracle looks a list up for every query of every head.
    var limit = (few ? limit / 10 : limit) * wholeShare
    if case .lists = attention { limit = min(limit, 1e8) }
    return attention.pairs * Double(head.headDim + head.valueDim) <= limit
  }

  private func whole(backward: Bool) throws(TesseraError) -> Verification {
    switch attention {
    case .dense(let problem):
      let inputs = AttentionInputs(problem, q: host[0], k: host[1], v: host[2])
      guard backward else { return Verifier.attention(inputs, o: o, lse: lse) }
      return Verifier.attentionBackward(
        inputs, dO: host[3], dQ: gradients[0], dK: gradients[1], dV: gradients[2])
    case .neighborhood(let problem):
      let inputs = NeighborhoodInputs(problem, q: host[0], k: host[1], v: host[2])
      guard backward else { return Verifier.neighborhoodAttention(inputs, o: o, lse: lse) }
      return try Verifier.neighborhoodAttentionBackward(
        inputs, dO: host[3],
        gradients: ["dq": gradients[0], "dk": gradients[1], "dv": gradients[2]])
    case .lists(let lists):
      let inputs = BlockListTensors(
        lists.problem, q: host[0], k: host[1], v: host[2], indices: lists.indices)
      guard backward else { return Verifier.blockListAttention(inputs, o: o, lse: lse) }
      return Verifier.blockListAttentionBackward(
        inputs, dO: host[3], dQ: gradients[0], dK: gradients[1], dV: gradients[2], dSinks: nil)
    }
  }

  /// The heads to look at: the first and the last, others at random between.
  private func heads() -> [Sample] {
    let (batch, heads) = (attention.batch, attention.heads)
    guard batch * heads > 0 else { return [] }
    var random = SeededRandom(seed &+ 17)
    let all = (0..<samples.heads).map { index in
      index == 0
        ? 0 : index == 1 ? batch * heads - 1 : random.integer(in: 0...(batch * heads - 1))
    }
    return Set(all).sorted().map { Sample(entry: $0 / heads, head: $0 % heads) }
  }

  /// Tokens of a head: both ends, and others at random.
  private func tokens(_ count: Int, _ sample: Sample) -> [Int] {
    guard count > 0 else { return [] }
    var random = SeededRandom(
      seed &+ UInt64(sample.entry * attention.heads + sample.head) &+ 1000)
    let inner = (0..<(samples.rows - 2)).map { _ in random.integer(in: 0...(count - 1)) }
    return Set(inner + [0, count - 1]).sorted()
  }

  private func pairs(
    _ keys: [[Int]], _ sample: Sample, _ rows: [Int], _ k: [Double], _ v: [Double]
  ) -> (gold: TesseraReference.AttentionGradients, plain: TesseraReference.AttentionGradients) {
    pairs(keys, entry: sample.entry, rows.map { ($0, sample.head) }, k, v)
  }

  /// What some rows and keys add to the gradients.
  private func pairs(
    _ keys: [[Int]], entry: Int, _ rows: [(token: Int, head: Int)], _ k: [Double], _ v: [Double]
  ) -> (gold: TesseraReference.AttentionGradients, plain: TesseraReference.AttentionGradients) {
    let head = attention.head
    func rowsOf(_ tensor: HostTensor, _ width: Int) -> [Double] {
      rows.flatMap { row in
        tensor.doubles(
          at: ((entry * attention.queryTokens + row.token) * attention.heads + row.head)
            * width, count: width)
      }
    }
    let (q, o) = (rowsOf(host[0], head.headDim), rowsOf(self.o, head.valueDim))
    let (lse, dO) = (rowsOf(self.lse, 1), rowsOf(host[3], head.valueDim))
    return (
      Reference.gradients(ofPairs: keys, head, q: q, k: k, v: v, o: o, lse: lse, dO: dO),
      Reference.plainGradients(ofPairs: keys, head, q: q, k: k, v: v, o: o, lse: lse, dO: dO)
    )
  }

  /// Vectors of one head of input `index`; all tokens if none are named.
  private func vectors(
    _ index: Int, _ sample: Sample, of tokens: [Int]? = nil, kv: Bool = false
  ) -> [Double] {
    let head = attention.head
    let count = kv ? attention.keyTokens : attention.queryTokens
    return gather(
      host[index], sample, of: tokens ?? Array(0..<count),
      width: index == 2 ? head.valueDim : head.headDim, kv: kv)
  }

  /// Vectors of `width` elements of one head of a tensor `[B, tokens, heads, width]`.
  private func gather(
    _ tensor: HostTensor, _ sample: Sample, of tokens: [Int], width: Int, kv: Bool = false
  ) -> [Double] {
    let heads = kv ? attention.kvHeads : attention.heads
    let head = kv ? sample.head / (attention.heads / attention.kvHeads) : sample.head
    let count = kv ? attention.keyTokens : attention.queryTokens
    var result: [Double] = []
    result.reserveCapacity(tokens.count * width)
    for token in tokens {
      result += tensor.doubles(
        at: ((sample.entry * count + token) * heads + head) * width, count: width)
    }
    return result
  }
}
