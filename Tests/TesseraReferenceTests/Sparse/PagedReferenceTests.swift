import TesseraCore
import TesseraReference
import Testing

@Suite struct `Paged attention oracle` {
  private func tensor(
    _ dimensions: [Int], _ dtype: DType = .f32
  ) throws -> (shape: Shape, dtype: DType) {
    (try Shape(dimensions), dtype)
  }

  @Test func `is attention over what the pages hold`() throws {
    var random = SeededRandom(3)
    let (nk, heads, kvHeads, d, page) = (7, 4, 2, 3, 2)
    let (q, k, v) = (
      random.doubles(2 * heads * d), random.doubles(nk * kvHeads * d),
      random.doubles(nk * kvHeads * d)
    )
    let sinks = random.doubles(heads)
    // The keys in pages 5, 0, 3, 6 of a cache of NaN.
    let table = [5, 0, 3, 6]
    func paged(_ x: [Double]) -> [Double] {
      var pages = [Double](repeating: .nan, count: 8 * page * kvHeads * d)
      for i in x.indices {
        let (token, rest) = (i / (kvHeads * d), i % (kvHeads * d))
        pages[(table[token / page] * page + token % page) * kvHeads * d + rest] = x[i]
      }
      return pages
    }
    for lists in [nil, 1, 2, 4] as [Int?] {
      let indices = lists.map { [3, 0, -1, 1, 9, 2, 0, 0, 2, 3, 3, 1].prefix($0 * 3) } ?? []
      let problem = try PagedProblem(
        q: tensor([1, 2, heads, d]), k: tensor([8, page, kvHeads, d]),
        v: tensor([8, page, kvHeads, d]), blockTable: tensor([1, 4], .i32),
        lengths: tensor([1], .i32), indices: lists.map { try tensor([1, $0, 3], .i32) },
        sinks: tensor([heads]))
      let result = Reference.pagedAttention(
        problem,
        PagedInputs(
          q: q, k: paged(k), v: paged(v), blockTable: table, lengths: [nk],
          indices: Array(indices), sinks: sinks))
      let all = lists == nil
      let lists = try BlockListProblem(
        attention: AttentionProblem(
          q: tensor([1, 2, heads, d]), k: tensor([1, nk, kvHeads, d]),
          v: tensor([1, nk, kvHeads, d]), causal: true),
        indices: tensor([1, lists ?? 1, 1, all ? 4 : 3], .i32), sinks: tensor([heads]),
        queryBlock: 2, keyBlock: page)
      let same = Reference.blockListAttention(
        lists,
        BlockListInputs(
          q: q, k: k, v: v, indices: all ? [0, 1, 2, 3] : Array(indices), sinks: sinks))
      #expect(result.o == same.o && result.lse == same.lse)
    }
  }

  @Test func `looks at no place outside lengths and pages`() throws {
    let problem = try PagedProblem(
      q: tensor([3, 2, 1]), k: tensor([2, 2, 1, 1]), v: tensor([2, 2, 1, 1]),
      blockTable: tensor([3, 2], .i32), lengths: tensor([3], .i32),
      indices: tensor([3, 1, 2], .i32), counts: tensor([3, 1], .i32), keyBlock: 1)
    let places = Reference.attendedPlaces(
      problem,
      PagedInputs(
        q: [], k: [], v: [], blockTable: [1, 7, -1, 0, 0, 1], lengths: [9, 3, -4],
        indices: [1, 2, 2, 1, 0, 1], counts: [2, 1, 2]))
    #expect(places == [[3], [3], [0], [0], [], []])
  }
}
