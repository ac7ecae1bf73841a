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

  @Test(arguments: devices)
  func `forward is right for rows of many queries`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var form = SparseCase.Form()
    (form.queries, form.keys, form.queryBlock, form.keyBlock) = (64, 96, 16, 16)
    try check(form, seed: 1, on: context, gradients: false)
  }
}
