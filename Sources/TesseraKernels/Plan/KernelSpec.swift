/// Names one kernel with every choice made: enough to build it again on the same device.
package struct KernelSpec: Sendable, Hashable, Codable, CustomStringConvertible {
  /// One compile-time parameter: a `-D` in OpenCL, a specialization constant in Vulkan.
  package struct Parameter: Sendable, Hashable, Codable {
    package var name: String
    package var value: Int
    package init(_ name: String, _ value: Int) {
      self.name = name
      self.value = value
    }
  }

  /// The catalogue's name of the kernel: `gemm_tiled`, `attention_forward`, ….
  package var name: String
  /// Parameters by the kernel source's names (`TILE_M`), in the catalogue's order.
  package var parameters: [Parameter]

  package init(_ name: String, _ parameters: [Parameter] = []) {
    self.name = name
    self.parameters = parameters
  }

  /// The value of parameter `name`, or nil if the kernel has none of that name.
  package subscript(name: String) -> Int? {
    parameters.first { $0.name == name }?.value
  }

  /// `gemm_tiled(TILE_M=64, TILE_N=64)`.
  package var description: String {
    parameters.isEmpty
      ? name : name + "(" + parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + ")"
  }
}
