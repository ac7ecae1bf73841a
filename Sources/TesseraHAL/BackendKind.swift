/// The kinds of back-end, as they appear in device identifiers such as `vulkan:0`.
public enum BackendKind: String, Sendable, Hashable, Codable, CaseIterable {
  case cpu
  case openCL = "opencl"
  case vulkan
  /// Records calls and can make any of them fail; for tests, never chosen by itself.
  case recording
}
