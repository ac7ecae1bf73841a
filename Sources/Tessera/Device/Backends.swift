package import TesseraCPU
package import TesseraHAL
package import TesseraOpenCL
package import TesseraVulkan

/// The back-ends of this build, in the order devices are listed.
package enum Backends {
  package static let cpu = CPUDriver()
  package static let openCL = OpenCLDriver()
  package static let vulkan = VulkanDriver()

  package static var all: [any HALDriver] { [openCL, vulkan, cpu] }

  package static func driver(_ kind: BackendKind) -> (any HALDriver)? {
    all.first { $0.kind == kind }
  }
}
