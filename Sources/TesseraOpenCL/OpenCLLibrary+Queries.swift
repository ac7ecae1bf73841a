import COpenCL
import Synchronization

/// Held while platforms and devices are listed. Loaders and drivers set themselves up during the
/// first of these calls; ocl-icd with PoCL 3.1 reads half-made tables when two threads make it at
/// once.
private let enumeration = Mutex<Void>(())

/// The two-call and fixed-size queries of OpenCL, each convention written once.
extension OpenCLLibrary {
  /// All platforms; none if the loader finds no driver.
  func platforms() -> [cl_platform_id] {
    // Handles are not Sendable to the compiler although any thread may use them.
    nonisolated(unsafe) var found: [cl_platform_id] = []
    enumeration.withLock { _ in found = listPlatforms() }
    return found
  }

  private func listPlatforms() -> [cl_platform_id] {
    var count: cl_uint = 0
    guard functions.clGetPlatformIDs(0, nil, &count) == CL_SUCCESS, count > 0 else { return [] }
    var ids = [cl_platform_id?](repeating: nil, count: Int(count))
    guard functions.clGetPlatformIDs(count, &ids, nil) == CL_SUCCESS else { return [] }
    return ids.compactMap { $0 }
  }

  /// All devices of a platform, or the status that the driver answered instead.
  func deviceIDs(of platform: cl_platform_id) -> (ids: [cl_device_id], status: cl_int) {
    nonisolated(unsafe) var found: (ids: [cl_device_id], status: cl_int) = ([], CL_SUCCESS)
    enumeration.withLock { _ in found = listDevices(of: platform) }
    return found
  }

  private func listDevices(of platform: cl_platform_id) -> (ids: [cl_device_id], status: cl_int) {
    let type = cl_device_type(CL_DEVICE_TYPE_ALL)
    var count: cl_uint = 0
    var status = functions.clGetDeviceIDs(platform, type, 0, nil, &count)
    guard status == CL_SUCCESS, count > 0 else { return ([], status) }
    var ids = [cl_device_id?](repeating: nil, count: Int(count))
    status = functions.clGetDeviceIDs(platform, type, count, &ids, nil)
    return (status == CL_SUCCESS ? ids.compactMap { $0 } : [], status)
  }

  /// A platform's string, empty if the driver does not answer.
  func platformString(_ platform: cl_platform_id, _ what: Int32) -> String {
    Self.string { size, value, needed in
      functions.clGetPlatformInfo(platform, cl_platform_info(what), size, value, needed)
    } ?? ""
  }

  /// A device's string, empty if the driver does not answer.
  func string(_ device: cl_device_id, _ what: Int32) -> String {
    Self.string { size, value, needed in
      functions.clGetDeviceInfo(device, cl_device_info(what), size, value, needed)
    } ?? ""
  }

  /// A device's fixed-size property; nil if the driver does not know it.
  func value<T: BitwiseCopyable>(_ device: cl_device_id, _ what: Int32, _ zero: T) -> T? {
    var value = zero
    let status = functions.clGetDeviceInfo(
      device, cl_device_info(what), MemoryLayout<T>.size, &value, nil)
    return status == CL_SUCCESS ? value : nil
  }

  /// A size property as `Int`, clamped; 0 if the driver does not know it.
  func size(_ device: cl_device_id, _ what: Int32) -> Int {
    Int(clamping: value(device, what, cl_ulong(0)) ?? 0)
  }

  /// Text answered by a two-call query, up to its terminating zero; nil on failure.
  static func string(
    _ query: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
  ) -> String? {
    guard let bytes = bytes(query) else { return nil }
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    return trimmed(text)
  }

  /// Bytes answered by a two-call query; nil on failure.
  static func bytes(
    _ query: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
  ) -> [UInt8]? {
    var size = 0
    guard query(0, nil, &size) == CL_SUCCESS else { return nil }
    guard size > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: size)
    let status = bytes.withUnsafeMutableBytes { query(size, $0.baseAddress, nil) }
    return status == CL_SUCCESS ? bytes : nil
  }

  private static func trimmed(_ text: String) -> String {
    let head = text.drop(while: \.isWhitespace)
    guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(head[...last])
  }
}
