import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Attention over block lists on devices` {
  private typealias Cases = BlockListAttentionCases

  /// Forms that share few kernels, so that few have to be compiled: head dimensions and types are fixed.
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for lists of every kind`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock) = (64, 96, 16, 16)
    try Cases.check(form, seed: 1, on: context)
    // Neither axis is a multiple of anything; rows and blocks are cut.
    (form.queries, form.keys, form.batch) = (37, 83, 2)
    try Cases.check(form, seed: 2, on: context)
    form.counts = true
    form.causal = true
    try Cases.check(form, seed: 3, on: context)
    form.sinks = true
    (form.heads, form.kvHeads, form.lists) = (6, 2, 2)
    try Cases.check(form, seed: 4, on: context)
    form.window = (9, 3)
    try Cases.check(form, seed: 5, on: context)
    form.causal = false
    form.lists = 6
    try Cases.check(form, seed: 6, on: context)
    form.lists = 1
    form.topLeft = true
    form.causal = true
    try Cases.check(form, seed: 7, on: context)
    (form.queries, form.keys) = (83, 37)
    form.topLeft = false
    try Cases.check(form, seed: 8, on: context)
  }
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for packed sequences`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock) = (60, 90, 16, 16)
    // Sequences without queries, without keys, and tokens of none.
    form.sequences = [(20, 33), (0, 5), (7, 0), (1, 17), (25, 20)]
    (form.heads, form.kvHeads, form.lists) = (4, 2, 2)
    form.sinks = true
    try Cases.check(form, seed: 11, on: context)
    form.causal = true
    form.window = (5, 0)
    form.lists = 4
    try Cases.check(form, seed: 12, on: context)
  }

  /// Rows of few queries and blocks of few keys take flat tiles.
  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for single queries, single keys and long blocks`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    for (index, blocks) in [(1, 1), (1, 16), (1, 32), (16, 4), (64, 64), (128, 128)].enumerated() {
      var form = SparseCase.Form()
      (form.queryBlock, form.keyBlock) = blocks
      (form.queries, form.keys, form.width) = (
        blocks.0 > 16 ? 150 : 21, blocks.1 > 16 ? 203 : 53, 5
      )
      form.causal = index % 2 == 0
      try Cases.check(form, seed: 20 + UInt64(index), on: context)
    }
  }

  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for groups of every size`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    for (index, group) in [1, 2, 3, 5, 7, 12, 16, 64].enumerated() {
      var form = SparseCase.Form()
      (form.heads, form.kvHeads, form.lists) = (2 * group, 2, 2)
      (form.queries, form.keys, form.queryBlock, form.keyBlock) = (9, 40, 1, 16)
      form.causal = true
      try Cases.check(
        form, seed: 30 + UInt64(index), on: context, gradients: false,
        schedules: index % 2 == 0 ? [.query] : [.kv])
    }
  }

  @Test(arguments: BlockListAttentionCases.devices)
  func `is right for other head dimensions and types`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    for (index, (d, dv, dtype)) in [
      (40, 40, DType.f16), (80, 80, .bf16), (96, 96, .f16), (192, 128, .bf16), (256, 256, .f32),
      (7, 5, .f32),
    ].enumerated() {
      var form = SparseCase.Form()
      (form.d, form.dv, form.dtype) = (d, dv, dtype)
      if dtype == .f16 { form.output = .f32 }
      (form.queries, form.keys, form.queryBlock, form.keyBlock) = (50, 70, 16, 16)
      try Cases.check(
        form, seed: 40 + UInt64(index), on: context, gradients: d == 7,
        schedules: [index % 2 == 0 ? .query : .kv])
    }
  }

  /// A gradient that other kernels got wrong at just this head dimension.
  @Test(arguments: BlockListAttentionCases.devices)
  func `gradients are right at 64 elements, capped and in 16 bits`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.d, form.queries, form.keys, form.queryBlock, form.keyBlock) = (64, 64, 100, 16, 32)
    form.softCap = 8
    form.dtype = .bf16
    (form.heads, form.kvHeads) = (4, 2)
    try Cases.check(form, seed: 50, on: context, schedules: [.query])
  }
}
