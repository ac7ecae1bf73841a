import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One attention over a paged cache with its inputs.
struct PagedCase {
  /// Everything but the inputs.
  struct Form {
    /// Keys of each sequence, the new tokens' included.
    var lengths = [40, 7, 0]
    var queries = 1
    var heads = 4
    var kvHeads = 2
    /// 1, `kvHeads` or `heads`; nil attends everything.
    var lists: Int?
    var width = 3
    var counts = false
    /// Positions per entry of a list; nil for a page.
    var keyBlock: Int?
    var page = 8
    var d = 16
    var dtype = DType.f32
    var sinks = false
    var splits: Int?
  }

  let problem: PagedProblem
  let q: HostTensor
  let k: HostTensor
  let v: HostTensor
  let blockTable: HostTensor
  let lengths: HostTensor
  let indices: HostTensor?
  let counts: HostTensor?
  let sinks: HostTensor?

  /// Pages in random places of a cache that holds NaN wherever no sequence looks; some entries of the
  /// block table name no page.
  init(_ form: Form, seed: UInt64) throws {
    var random = SeededRandom(seed)
    let batch = form.lengths.count
    let (page, d) = (form.page, form.d)
    let maxPages = max(1, ((form.lengths.max() ?? 0) + page - 1) / page) + 1
    let pages = batch * maxPages + 3
    var free = Array(0..<pages)
    for i in free.indices.dropLast() { free.swapAt(i, random.integer(in: i...(pages - 1))) }
    var table = [Int32](repeating: -1, count: batch * maxPages)
    var cache = [[Float]](
      repeating: [Float](repeating: .nan, count: pages * page * form.kvHeads * d), count: 2)
    for (b, length) in form.lengths.enumerated() {
      for place in 0..<maxPages where place * page < length {
        // Of a long sequence one page is missing.
        let missing = length > 4 * page && place == 2
        guard !missing, let number = free.popLast() else {
          table[b * maxPages + place] = Int32(pages) + 4
          continue
        }
        table[b * maxPages + place] = Int32(number)
        for token in 0..<min(page, length - place * page) {
          for i in 0..<form.kvHeads * d {
            for x in 0..<2 {
              cache[x][(number * page + token) * form.kvHeads * d + i] = Float(random.normal())
            }
          }
        }
      }
    }
    func tensor(_ values: [Float], _ dimensions: [Int]) throws -> HostTensor {
      try HostTensor(rounding: values, to: form.dtype, shape: try Shape(dimensions))
    }
    q = try tensor(
      random.normals(batch * form.queries * form.heads * d, deviation: 3),
      [batch, form.queries, form.heads, d])
    k = try tensor(cache[0], [pages, page, form.kvHeads, d])
    v = try tensor(cache[1], [pages, page, form.kvHeads, d])
    blockTable = try HostTensor(table, shape: try Shape([batch, maxPages]))
    lengths = try HostTensor(form.lengths.map { Int32($0) }, shape: try Shape([batch]))
    let keyBlock = form.keyBlock ?? page
    let blocks = (maxPages * page + keyBlock - 1) / keyBlock
    if let lists = form.lists {
      let entries = (0..<batch * lists * form.width).map { _ in
        Int32(random.integer(in: -1...blocks))
      }
      indices = try HostTensor(entries, shape: try Shape([batch, lists, form.width]))
      counts =
        form.counts
        ? try HostTensor(
          (0..<batch * lists).map { _ in Int32(random.integer(in: 0...form.width)) },
          shape: try Shape([batch, lists])) : nil
    } else {
      (indices, counts) = (nil, nil)
    }
    sinks =
      form.sinks
      ? try HostTensor(random.normals(form.heads), shape: try Shape([form.heads])) : nil
    func kind(_ tensor: HostTensor) -> (shape: Shape, dtype: DType) { (tensor.shape, tensor.dtype) }
    problem = try PagedProblem(
      q: kind(q), k: kind(k), v: kind(v), blockTable: kind(blockTable), lengths: kind(lengths),
      indices: indices.map(kind), counts: counts.map(kind), keyBlock: form.keyBlock,
      sinks: sinks.map(kind), splits: form.splits)
  }

  /// Runs it with outputs filled with NaN; what is wrong, or nil.
  func fault(on context: DeviceContext) throws -> String? {
    let tensors: [HostTensor?] = [
      q, k, v, blockTable, lengths, indices, counts, sinks, nil, nil,
    ]
    let operands: [GuardedRun.Operand] = tensors.map { tensor in tensor.map { .input($0) } ?? .none
    }
    let run = try GuardedRun(
      try PagedPlanner.plan(problem, context.capabilities),
      operands + [
        .output(problem.outputDType, problem.outputDimensions),
        .output(.f32, problem.lseDimensions),
      ], on: context)
    guard run.guardsIntact else { return "guard bytes changed: \(problem)" }
    func integers(_ tensor: HostTensor?) -> [Int] { tensor?.doubles().map { Int($0) } ?? [] }
    let inputs = PagedInputs(
      q: q.doubles(), k: k.doubles(), v: v.doubles(), blockTable: integers(blockTable),
      lengths: integers(lengths), indices: integers(indices), counts: integers(counts),
      sinks: sinks?.doubles() ?? [])
    let gold = Reference.pagedAttention(problem, inputs)
    let verdicts = [
      Judge.attention(
        problem, run.outputs[0].doubles(), gold: gold,
        plain: Reference.plainPagedAttention(problem, inputs)),
      Judge.logSumExp(problem, run.outputs[1].doubles(), gold: gold),
    ]
    guard !verdicts.allSatisfy(\.passed) else { return nil }
    return "\(problem): o \(verdicts[0]); lse \(verdicts[1])"
  }
}
