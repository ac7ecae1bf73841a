package import COpenCL
package import TesseraCore
package import TesseraHAL

/// Finds the devices of every OpenCL platform, in the loader's order.
package struct OpenCLDriver: HALDriver {
  private let opening: OpenCLLibrary.Opening

  /// Opens the loader at `path`; by default the one of `OpenCLLibrary.defaultPath`.
  package init(path: String? = nil) {
    opening = OpenCLLibrary.open(path: path ?? OpenCLLibrary.defaultPath)
  }

  /// Uses a table of functions as it is: tests replace entries to make calls fail.
  package init(functions: OpenCLFunctions) {
    if let library = OpenCLLibrary(functions: functions) {
      opening = .opened(library)
    } else {
      opening = .failed("the table of OpenCL functions is incomplete")
    }
  }

  package var kind: BackendKind { .openCL }

  /// The loader's functions; nil if there is no loader.
  package var functions: OpenCLFunctions? {
    guard case .opened(let library) = opening else { return nil }
    return library.functions
  }

  package func devices() -> [(identity: DeviceIdentity, capabilities: Capabilities)] {
    guard case .opened(let library) = opening else { return [] }
    return Self.list(library).enumerated().map { index, found in
      let capabilities = found.capabilities(library)
      let identity = DeviceIdentity(
        backend: .openCL, index: index, name: capabilities.name)
      return (identity, capabilities)
    }
  }

  package func diagnosis() -> String? {
    switch opening {
    case .failed(let reason):
      return reason + "; install an OpenCL loader (ocl-icd-libopencl1)"
        + " or name one in TESSERA_OPENCL_LIBRARY"
    case .opened(let library):
      let platforms = library.platforms()
      guard !platforms.isEmpty else {
        return "an OpenCL loader is present but no driver: install one (pocl-opencl-icd runs on"
          + " any CPU) or check the .icd files in /etc/OpenCL/vendors"
      }
      let empty = platforms.compactMap { platform -> String? in
        let (ids, status) = library.deviceIDs(of: platform)
        guard ids.isEmpty else { return nil }
        let name = library.platformString(platform, CL_PLATFORM_NAME)
        return "OpenCL platform \(name) has no device: \(OpenCLStatus.name(status))"
      }
      return empty.isEmpty ? nil : empty.joined(separator: "; ")
    }
  }

  package func open(
    _ index: Int, bounds: BoundsMode
  ) throws(TesseraError) -> any HALDevice {
    guard case .opened(let library) = opening else {
      throw .unavailable(diagnosis() ?? "no OpenCL loader")
    }
    let found = Self.list(library)
    guard found.indices.contains(index) else {
      throw .unavailable("opencl:\(index): there are \(found.count) OpenCL devices")
    }
    return try OpenCLDevice(library: library, found: found[index], index: index, bounds: bounds)
  }

  /// Devices of all platforms. A platform that fails is skipped: `diagnosis` names it.
  private static func list(_ library: OpenCLLibrary) -> [OpenCLFoundDevice] {
    library.platforms().flatMap { platform in
      library.deviceIDs(of: platform).ids.map { OpenCLFoundDevice(platform: platform, id: $0) }
    }
  }
}
