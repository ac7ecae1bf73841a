import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Attention over block lists on devices` {
  static let devices: [NeighborhoodDevice] = [.openCL, .vulkan]

  /// Runs a case by both schedules and judges each.
  private func check(
    _ form: SparseCase.Form, seed: UInt64, on context: DeviceContext, gradients: Bool = true
  ) throws {
    let test = try SparseCase(form, seed: seed)
    for schedule in [BlockListSchedule.query, .kv] {
      let output = try test.run(on: context, schedule: schedule, gradients: gradients)
      if let fault = test.fault(output) { Issue.record("\(schedule): \(fault)") }
    }
  }

  /// Forms that share few kernels, so that few have to be compiled: head dimensions and types are fixed.
  @Test(arguments: devices)
  func `is right for lists of every kind`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock) = (64, 96, 16, 16)
    try check(form, seed: 1, on: context)
    // Neither axis is a multiple of anything; rows and blocks are cut.
    (form.queries, form.keys, form.batch) = (37, 83, 2)
    try check(form, seed: 2, on: context)
    form.counts = true
    form.causal = true
    try check(form, seed: 3, on: context)
    form.sinks = true
    (form.heads, form.kvHeads, form.lists) = (6, 2, 2)
    try check(form, seed: 4, on: context)
    form.window = (9, 3)
    try check(form, seed: 5, on: context)
    form.causal = false
    form.lists = 6
    try check(form, seed: 6, on: context)
    form.lists = 1
    form.topLeft = true
    form.causal = true
    try check(form, seed: 7, on: context)
    (form.queries, form.keys) = (83, 37)
    form.topLeft = false
    try check(form, seed: 8, on: context)
  }
}
