import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// How one pass over lists is cut into workgroups on the CPU back-end.
struct CPUListTiling: Sendable {
  let pass: CPUListPass
  /// The constants block of the kernel.
  private(set) var constants: tessera_list_constants
  /// Bytes of local memory of a workgroup.
  private(set) var localBytes: Int
  /// All workgroups.
  private(set) var workgroups: Int
  /// Rows of a tile and columns gathered at a time.
  var tile: [Int] { [Int(constants.tile.axis.2.tile), Int(constants.tile.chunk)] }

  /// Tiles of `pass` over block lists.
  /// - Throws: `overLimit` if there are more rows, workgroups or bytes than the device allows.
  init(
    _ pass: CPUListPass, _ problem: BlockListProblem, _ schedule: BlockListSchedule,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    let attention = problem.attention
    var c = tessera_list_constants()
    c.tile = Self.tile(
      queries: attention.queryLength, keys: attention.keyLength, headDim: attention.headDim,
      valueDim: attention.valueDim, input: attention.dtype, output: attention.outputDType)
    c.tile.batch = Int32(attention.batch)
    c.tile.heads = Int32(attention.heads)
    c.tile.kv_heads = Int32(attention.kvHeads)
    c.tile.packed = attention.packed ? 1 : 0
    c.tile.bottom_right = attention.alignment == .topLeft ? 0 : 1
    c.tile.scale = attention.scale
    c.tile.soft_cap = attention.softCap ?? 0
    // A row or block longer than everything is as long as everything.
    c.query_block = Int32(min(problem.queryBlock, max(attention.queryLength, 1)))
    c.key_block = Int32(min(problem.keyBlock, max(attention.keyLength, 1)))
    c.list_heads = Int32(problem.listHeads)
    c.list_rows = Int32(problem.listRows)
    c.list_width = Int32(problem.listWidth)
    c.key_blocks = Int32(problem.keyBlocks)
    let whole = (attention.queryLength + Int(c.query_block) - 1) / Int(c.query_block)
    c.most_rows = Int32(
      attention.packed ? min(whole + attention.batch, attention.queryLength) : problem.listRows)
    c.listed = 1
    c.counts = problem.counts ? 1 : 0
    c.sinks = problem.sinks ? 1 : 0
    if let left = problem.addedLeft, let right = problem.addedRight {
      c.window = 1
      c.left = Int32(min(left, 1 << 29))
      c.right = Int32(min(right, 1 << 29))
    }
    c.causal = attention.causal ? 1 : 0
    switch schedule {
    case .auto: c.together = -1
    case .query: c.together = 0
    case .kv: c.together = 1
    }
    c.splits = 1
    try self.init(pass, c, headsPerList: problem.headsPerList, capabilities)
  }

  /// Tiles over a paged cache.
  /// - Throws: as the other.
  init(_ problem: PagedProblem, _ capabilities: Capabilities) throws(TesseraError) {
    var c = tessera_list_constants()
    c.tile = Self.tile(
      queries: problem.queryLength, keys: problem.keyLength, headDim: problem.headDim,
      valueDim: problem.valueDim, input: problem.dtype, output: problem.outputDType)
    c.tile.batch = Int32(problem.batch)
    c.tile.heads = Int32(problem.heads)
    c.tile.kv_heads = Int32(problem.kvHeads)
    c.tile.bottom_right = 1
    c.tile.scale = problem.scale
    c.tile.soft_cap = problem.softCap ?? 0
    c.query_block = Int32(problem.queryLength)
    c.key_block = Int32(min(problem.keyBlock, max(problem.keyLength, 1)))
    let lists = problem.listHeads ?? 1
    c.list_heads = Int32(lists)
    (c.list_rows, c.most_rows) = (1, 1)
    c.list_width = Int32(problem.listWidth)
    c.key_blocks = Int32((problem.keyLength + Int(c.key_block) - 1) / Int(c.key_block))
    c.listed = problem.listHeads == nil ? 0 : 1
    c.counts = problem.counts ? 1 : 0
    c.sinks = problem.sinks ? 1 : 0
    c.causal = 1
    c.pages = Int32(problem.pages)
    c.page_size = Int32(problem.pageSize)
    c.max_pages = Int32(problem.maxPages)
    (c.k_codes, c.v_codes) = (problem.keys.codes, problem.values.codes)
    let perList = lists == problem.heads ? 1 : problem.group
    // Enough workgroups that none waits long for the last, none with too few keys to be worth one.
    let tiles = problem.batch * (problem.heads / max(perList, 1))
    let wanted = (4 * max(capabilities.computeUnits, 1) + tiles - 1) / max(tiles, 1)
    let keys = min(problem.keyLength, problem.listHeads == nil ? Int.max : problem.listWidth.multipliedSaturating(problem.keyBlock))
    let splits = problem.splits ?? min(wanted, keys / 1024)
    c.splits = Int32(max(1, min(splits, 4096)))
    try self.init(.paged, c, headsPerList: perList, capabilities)
  }

  private init(
    _ pass: CPUListPass, _ start: tessera_list_constants, headsPerList: Int,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.pass = pass
    var c = start
    let (d, dv) = (Int(c.tile.head_dim), Int(c.tile.value_dim))
    let floats = max(pass.floatsPerRow(headDim: d, valueDim: dv), 1)
    // Rows stay in the second-level cache while chunks pass by; a chunk's vectors, in multiples of
    // a register block's, stay there with them.
    let mostRows = max(16, min(256, 65_536 / floats))
    c.tile.chunk = Int32(max(48, min(504, 10_240 / max(d, dv, 1) / 24 * 24)))
    let (perUnit, overflow) = (pass.rowsAreKeys ? Int(c.key_block) : Int(c.query_block))
      .multipliedReportingOverflow(by: pass.rowsAreKeys ? 1 : headsPerList)
    guard !overflow, perUnit <= 1 << 30 else {
      throw .overLimit(
        "rows of one list", requested: "\(c.query_block)·\(headsPerList)", limit: 1 << 30)
    }
    let units = Int(pass.rowsAreKeys ? c.key_blocks : c.most_rows)
    let items = Int(pass.rowsAreKeys ? c.most_rows : c.key_blocks)
    // Few rows are run together with others that may name the same; the set of what they name has a
    // word per item then.
    var together = 1
    if perUnit <= 32, items <= 1 << 18 {
      together = max(1, min(32, 128 / max(perUnit, 1), mostRows / max(perUnit, 1), units))
    }
    c.units = Int32(together)
    var rows = together * perUnit
    if rows > mostRows {
      rows = mostRows
      c.parts = Int32((perUnit + mostRows - 1) / mostRows)
      // Parts of equal length, in whole register blocks.
      rows = ((perUnit + Int(c.parts) - 1) / Int(c.parts) + 3) / 4 * 4
    } else {
      c.parts = 1
    }
    c.tile.axis.2.tile = Int32(max(rows, 4))
    let tiles = max(1, (units + together - 1) / together * Int(c.parts))
    guard tiles <= Int(Int32.max) else {
      throw .overLimit(
        "tiles of attention over lists", requested: tiles, limit: Int(Int32.max),
        device: capabilities.name)
    }
    c.tiles = Int32(tiles)
    constants = c
    localBytes = tessera_list_local_bytes(&c, pass.code)
    guard localBytes <= capabilities.localMemoryBytes else {
      throw .overLimit(
        "local memory for lists of \(items) items and head dimensions \(d) and \(dv)",
        requested: localBytes, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    let heads = pass.rowsAreKeys ? Int(c.tile.kv_heads) : Int(c.tile.heads) / max(headsPerList, 1)
    let entries = c.tile.packed == 1 ? 1 : Int(c.tile.batch)
    let factors = [Int(c.tiles), heads, entries, Int(c.splits)]
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow, next < capabilities.maxGroupCount[0] else {
        throw .overLimit(
          "workgroups of attention over lists",
          requested: factors.map(String.init).joined(separator: "·"),
          limit: capabilities.maxGroupCount[0], device: capabilities.name)
      }
      product = next
    }
    // One more for the tokens of no sequence.
    workgroups = product + (c.tile.packed == 1 ? 1 : 0)
  }

  /// Lengths, dimensions and types as the loops of boxes know them.
  private static func tile(
    queries: Int, keys: Int, headDim: Int, valueDim: Int, input: DType, output: DType
  ) -> tessera_attention_constants {
    var c = tessera_attention_constants()
    var axis = tessera_attention_axis()
    (axis.tile, axis.block) = (1, 1)
    c.axis = (axis, axis, axis)
    c.axis.2.block = Int32(CPUAttentionTiling.blockRows)
    c.axis.2.queries = Int32(queries)
    c.axis.2.keys = Int32(keys)
    c.head_dim = Int32(headDim)
    c.value_dim = Int32(valueDim)
    c.dtype = Int32(input.kernelCode)
    c.output_dtype = Int32(output.kernelCode)
    c.together = 1
    return c
  }
}
