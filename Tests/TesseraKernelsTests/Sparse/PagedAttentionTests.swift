import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

@Suite struct `Attention over a paged cache on devices` {
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for pages, lists and splits of every kind`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = PagedCase.Form()
    func check(_ seed: UInt64) throws {
      if let fault = try PagedCase(form, seed: seed).fault(on: context) { Issue.record("\(fault)") }
    }
    try check(1)
    form.sinks = true
    form.splits = 3
    try check(2)
    (form.page, form.queries) = (1, 3)
    try check(3)
    form.splits = 64
    try check(4)
    (form.lists, form.page, form.lengths) = (2, 16, [241, 255, 256, 1])
    try check(5)
    (form.lists, form.counts, form.keyBlock) = (1, true, 24)
    try check(6)
    (form.lists, form.splits, form.queries) = (4, nil, 2)
    try check(7)
  }

  /// The shapes at which another kernel made NaN: a group of 16 and 16 pages whose last is cut.
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for sixteen pages with a cut end`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = PagedCase.Form()
    (form.heads, form.kvHeads, form.page) = (16, 1, 16)
    form.lengths = Array(241...255)
    if let fault = try PagedCase(form, seed: 8).fault(on: context) { Issue.record("\(fault)") }
    form.dtype = .f16
    form.lengths = [256, 16, 15, 17]
    if let fault = try PagedCase(form, seed: 9).fault(on: context) { Issue.record("\(fault)") }
  }

  /// Head dimensions whose values leave invocations of a workgroup idle, more rows than keys at a time, and
  /// many tiles: all that the kernel for few queries does, against the one that works in tiles.
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for few queries and many keys`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = PagedCase.Form()
    (form.lengths, form.d, form.heads, form.kvHeads) = ([700, 3], 24, 12, 1)
    if let fault = try PagedCase(form, seed: 10).fault(on: context) { Issue.record("\(fault)") }
    (form.lengths, form.d, form.heads, form.kvHeads) = ([300], 128, 8, 8)
    (form.lists, form.width, form.splits) = (1, 30, 2)
    if let fault = try PagedCase(form, seed: 11).fault(on: context) { Issue.record("\(fault)") }
    // Too many rows, or no whole pieces of 16 bytes: tiles.
    (form.heads, form.kvHeads, form.d, form.lists) = (20, 1, 20, nil)
    if let fault = try PagedCase(form, seed: 12).fault(on: context) { Issue.record("\(fault)") }
  }

  @Test func `few rows are planned for kernels of their own`() throws {
    var form = PagedCase.Form()
    (form.d, form.heads, form.kvHeads, form.dtype) = (128, 16, 2, .bf16)
    func kernels(_ form: PagedCase.Form, _ device: String) throws -> [String] {
      let capabilities = try GEMMPlannerTests.capabilities(device)
      return try PagedPlanner.plan(try PagedCase(form, seed: 1).problem, capabilities).kernels.map(
        \.name)
    }
    #expect(try kernels(form, "opencl-h200").contains("decode_mma"))
    #expect(try kernels(form, "vulkan-h200").contains("decode_forward"))
    form.queries = 2
    #expect(try kernels(form, "opencl-h200").contains("decode_forward"))
    form.queries = 3
    #expect(try kernels(form, "opencl-h200").contains("list_hopper"))
    #expect(try kernels(form, "vulkan-h200").contains("list_forward"))
  }
}
