/// Names of forms: a kernel's tier and every parameter that its planner chose, so that a kernel whose
/// parameters change has other names.
package enum FormName {
  /// `tiled TILE_M=128 TILE_N=64`, with ` splits=4` where sums are cut.
  package static func text(
    _ kind: String, _ parameters: [KernelSpec.Parameter], splits: Int = 1
  ) -> String {
    let words = parameters.map { "\($0.name)=\($0.value)" }
    return ([kind] + words + (splits > 1 ? ["splits=\(splits)"] : [])).joined(separator: " ")
  }
}
