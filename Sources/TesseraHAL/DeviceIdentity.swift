/// Names one device of one back-end.
package struct DeviceIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
  package var backend: BackendKind
  /// Position among the back-end's devices.
  package var index: Int
  package var name: String

  package init(backend: BackendKind, index: Int, name: String) {
    self.backend = backend
    self.index = index
    self.name = name
  }

  /// `cpu`, `opencl:0`, `vulkan:1`.
  package var description: String {
    backend == .cpu ? "cpu" : "\(backend.rawValue):\(index)"
  }
}
