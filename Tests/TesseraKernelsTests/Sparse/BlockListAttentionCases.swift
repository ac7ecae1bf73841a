import TesseraKernels
import TesseraRuntime
import Testing

/// What tests of attention over lists share.
enum BlockListAttentionCases {
  /// The devices that have kernels of `Shaders/Sparse`.
  static let devices: [NeighborhoodDevice] = [.openCL, .vulkan]
  /// For what is the planner's work more than a driver's: the two take turns from test to test, unless
  /// `TESSERA_SOAK` asks for both.
  static let openCLFirst: [NeighborhoodDevice] = NeighborhoodDevice.isSoak ? devices : [.openCL]
  static let vulkanFirst: [NeighborhoodDevice] = NeighborhoodDevice.isSoak ? devices : [.vulkan]

  /// Runs a case by each schedule and judges it.
  static func check(
    _ form: SparseCase.Form, seed: UInt64, on context: DeviceContext, gradients: Bool = true,
    schedules: [BlockListSchedule] = [.query, .kv]
  ) throws {
    let test = try SparseCase(form, seed: seed)
    for schedule in schedules {
      let output = try test.run(on: context, schedule: schedule, gradients: gradients)
      if let fault = test.fault(output) { Issue.record("\(schedule): \(fault)") }
    }
  }
}
