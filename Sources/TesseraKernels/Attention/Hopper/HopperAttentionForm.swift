import TesseraCore
import TesseraHAL

/// The choices that `attention_hopper.h` leaves open: attention over boxes on Hopper's tensor cores.
package struct HopperAttentionForm: Sendable, Hashable {
  /// Warpgroups that multiply, 64 rows each.
  package var warpgroups: Int
  /// Columns of a tile.
  package var tileC: Int
  /// Tiles of keys or values in local memory.
  package var stages: Int
  /// Whether the copy engine brings whole boxes of columns.
  package var boxCopies = false

  package var tileR: Int { 64 * warpgroups }
  package var threads: Int { 128 * (warpgroups + 1) }
  /// Bytes of the two tensor maps of a dilation group.
  static let mapBytes = 256
  /// Tiles whose tables of columns are kept.
  private static let tables = 4

  /// As the source sums it up.
  func localBytes(headDim: Int, valueDim: Int) -> Int {
    let (forKeys, forValues) = ((headDim + 63) / 64, (valueDim + 63) / 64)
    let slots = stages * 128 * tileC * max(forKeys, forValues)
    let rows = tileR * (128 * forKeys + 16)
    return slots + rows + 16 * stages + 1024 + Self.tables * (12 * tileC + 4) + 64
  }

  var parameters: [KernelSpec.Parameter] {
    [
      .init("WARPGROUPS", warpgroups), .init("TILE_C", tileC), .init("STAGES", stages),
      .init("BOX_COPIES", boxCopies ? 1 : 0),
    ]
  }

  init(warpgroups: Int, tileC: Int, stages: Int) {
    self.warpgroups = warpgroups
    self.tileC = tileC
    self.stages = stages
  }

  /// The form that a kernel was built with.
  init(_ spec: KernelSpec) {
    self.init(
      warpgroups: spec["WARPGROUPS"] ?? 2, tileC: spec["TILE_C"] ?? 128, stages: spec["STAGES"] ?? 4)
    boxCopies = spec["BOX_COPIES"] == 1
  }

  /// The forms whose sums fit into registers and whose tiles fit into local memory.
  static func all(headDim: Int, valueDim: Int, _ capabilities: Capabilities) -> [HopperAttentionForm] {
    let widest = max(headDim, valueDim)
    let forms: [HopperAttentionForm] =
      if widest <= 64 {
        [
          .init(warpgroups: 3, tileC: 128, stages: 4), .init(warpgroups: 2, tileC: 128, stages: 4),
          .init(warpgroups: 1, tileC: 64, stages: 4),
        ]
      } else if widest <= 128 {
        [.init(warpgroups: 2, tileC: 128, stages: 4), .init(warpgroups: 1, tileC: 64, stages: 4)]
      } else {
        [.init(warpgroups: 2, tileC: 64, stages: 4)]
      }
    return forms.filter {
      $0.localBytes(headDim: headDim, valueDim: valueDim) <= capabilities.localMemoryBytes
        && $0.threads <= capabilities.maxWorkgroupInvocations
    }
  }

  /// Why no form can compute a pass of `problem` on such a device; nil if one can.
  static func violation(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) -> String? {
    violation(
      pass, headDim: problem.headDim, valueDim: problem.valueDim, problem.dtype, capabilities)
  }

  static func violation(
    _ pass: BoxPass, headDim: Int, valueDim: Int, _ dtype: DType, _ capabilities: Capabilities
  ) -> String? {
    guard pass == .forward else { return "forward only" }
    guard capabilities.backend == .openCL || capabilities.backend == .recording else {
      return "needs OpenCL"
    }
    guard capabilities.tensorTiers?.contains(.hopper) == true else {
      return capabilities.tensorRefusals?[TensorTier.hopper.rawValue] ?? "not on this device"
    }
    guard dtype == .f16 || dtype == .bf16 else { return "f16 and bf16 only" }
    for dimension in [headDim, valueDim]
    where dimension % 8 != 0 || dimension == 0 || dimension > 256 {
      return "head dimensions are multiples of 8 up to 256"
    }
    return nil
  }

  /// Whether the copy engine can bring the columns of `problem` in boxes of just `tileC`.
  static func takesBoxes(_ problem: BoxProblem) -> Bool {
    problem.headDim % 16 == 0 && problem.extraKeys == 0
      && !problem.axes.contains { $0.kind == .ring }
  }
}
