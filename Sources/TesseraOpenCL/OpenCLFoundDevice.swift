import COpenCL
import TesseraHAL

/// A device that enumeration found. Handles of platforms and root devices live as long as the
/// process.
struct OpenCLFoundDevice {
  let platform: cl_platform_id
  let id: cl_device_id

  /// Reads the capabilities. What a driver does not answer keeps its conservative default.
  func capabilities(_ library: OpenCLLibrary) -> Capabilities {
    let type = library.value(id, CL_DEVICE_TYPE, cl_device_type(0)) ?? 0
    var result = Capabilities(
      backend: .openCL, kind: Self.kind(type), name: library.string(id, CL_DEVICE_NAME))
    result.vendor = library.string(id, CL_DEVICE_VENDOR)
    result.driver = library.platformString(platform, CL_PLATFORM_NAME)
    // Two builds of a driver may share a version number but differ in the platform's string, which
    // names the compiler behind it; kernel caches are keyed by both.
    result.driverVersion =
      library.string(id, CL_DRIVER_VERSION) + " ("
      + library.platformString(platform, CL_PLATFORM_VERSION)
      + ")"
    result.apiVersion = library.string(id, CL_DEVICE_VERSION)
    result.extensions = library.string(id, CL_DEVICE_EXTENSIONS)
      .split(separator: " ").map(String.init)
    readMemory(library, into: &result)
    readShape(library, into: &result)
    readArithmetic(library, into: &result)
    return result
  }

  /// A simulator may set several bits: whatever can be a CPU counts as one.
  private static func kind(_ type: cl_device_type) -> Capabilities.Kind {
    if type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 { return .software }
    if type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0 { return .gpu }
    return .accelerator
  }

  private func readMemory(_ library: OpenCLLibrary, into result: inout Capabilities) {
    result.memoryBytes = library.size(id, CL_DEVICE_GLOBAL_MEM_SIZE)
    result.maxAllocation = library.size(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE)
    result.maxBindingRange = result.maxAllocation
    // Our kernels take byte offsets as arguments, so only vector loads ask for alignment.
    result.bindingAlignment = 16
    result.localMemoryBytes = library.size(id, CL_DEVICE_LOCAL_MEM_SIZE)
    result.unifiedMemory =
      (library.value(id, CL_DEVICE_HOST_UNIFIED_MEMORY, cl_bool(0)) ?? 0) != 0
    // Buffers and their offsets share the parameter space with the constants: 16 bytes a slot.
    let parameters = library.value(id, CL_DEVICE_MAX_PARAMETER_SIZE, 0) ?? 0
    result.maxConstantBytes = max(128, min(256, parameters / 4))
  }

  private func readShape(_ library: OpenCLLibrary, into result: inout Capabilities) {
    result.computeUnits = Int(library.value(id, CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint(1)) ?? 1)
    result.maxWorkgroupInvocations = library.value(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, 1) ?? 1
    let sizes = library.value(
      id, CL_DEVICE_MAX_WORK_ITEM_SIZES, SIMD8<Int>(repeating: 1))
    if let sizes { result.maxWorkgroupSize = [sizes[0], sizes[1], sizes[2]] }
    // OpenCL itself has no limit but the address width.
    result.maxGroupCount = [Int(Int32.max), Int(Int32.max), Int(Int32.max)]
    if result.kind == .software {
      let width = library.value(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, cl_uint(1)) ?? 1
      result.vectorWidth = max(1, Int(width))
    }
    result.timestamps = true
  }

  private func readArithmetic(_ library: OpenCLLibrary, into result: inout Capabilities) {
    let extensions = Set(result.extensions)
    result.f16Storage = true  // vload_half and vstore_half are in every OpenCL C.
    result.f16Arithmetic = extensions.contains("cl_khr_fp16")
    result.f64 =
      (library.value(id, CL_DEVICE_DOUBLE_FP_CONFIG, cl_device_fp_config(0)) ?? 0) != 0
    result.int64 = true
    result.int8Dot = extensions.contains("cl_khr_integer_dot_product")
    guard extensions.contains("cl_nv_device_attribute_query") else { return }
    readNVIDIA(library, into: &result)
  }

  private func readNVIDIA(_ library: OpenCLLibrary, into result: inout Capabilities) {
    guard
      let major = library.value(id, CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV, cl_uint(0)),
      let minor = library.value(id, CL_DEVICE_COMPUTE_CAPABILITY_MINOR_NV, cl_uint(0))
    else { return }
    let capability = Int(major) * 10 + Int(minor)
    result.computeCapability = capability
    // `half` compiles and runs although the driver does not list the extension.
    result.f16Arithmetic = result.f16Arithmetic || capability >= 53
    result.int8Dot = result.int8Dot || capability >= 61
    result.maxGroupCount = [Int(Int32.max), 65535, 65535]
    if let warp = library.value(id, CL_DEVICE_WARP_SIZE_NV, cl_uint(0)), warp > 0 {
      result.minSubgroupSize = Int(warp)
      result.maxSubgroupSize = Int(warp)
    }
    // The driver reports 48 KiB, which binds only local memory passed as an argument. Arrays
    // declared in the kernel, as all of ours are, may have all that the hardware gives a workgroup.
    if let bytes = Self.localBytes[capability] {
      result.localMemoryBytes = max(result.localMemoryBytes, bytes)
    }
  }

  /// Shared memory one workgroup may have, by compute capability.
  private static let localBytes: [Int: Int] = [
    70: 96 << 10, 72: 96 << 10, 75: 64 << 10, 80: 163 << 10, 86: 99 << 10, 87: 163 << 10,
    89: 99 << 10, 90: 227 << 10, 100: 227 << 10, 103: 227 << 10, 120: 99 << 10,
  ]
}
