import COpenCL
import TesseraCore

/// Sub-buffers of one buffer by range.
///
/// Handles are handed out while a submission is replayed and used at once, and OpenCL keeps the
/// memory of queued commands, so entries can be dropped at any time.
struct SubBufferCache {
  private struct Range: Hashable {
    let offset: Int
    let byteCount: Int
  }
  private struct Entry {
    let memory: cl_mem
    let number: UInt64
  }
  /// A loop over many offsets must not pile up handles.
  private static let limit = 64
  private var entries: [Range: Entry] = [:]

  mutating func object(
    of buffer: OpenCLBuffer, offset: Int, byteCount: Int
  ) throws(TesseraError) -> (memory: cl_mem, number: UInt64) {
    let range = Range(offset: offset, byteCount: byteCount)
    if let entry = entries[range] { return (entry.memory, entry.number) }
    if entries.count >= Self.limit { release(buffer.device.library) }
    var region = cl_buffer_region(origin: offset, size: byteCount)
    var status: cl_int = CL_SUCCESS
    let memory = buffer.device.library.functions.clCreateSubBuffer(
      buffer.memory, 0, cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION), &region, &status)
    guard let memory, status == CL_SUCCESS else {
      throw buffer.device.failure(status, "clCreateSubBuffer", .allocation, requested: byteCount)
    }
    let entry = Entry(memory: memory, number: buffer.device.newObjectNumber())
    entries[range] = entry
    return (entry.memory, entry.number)
  }

  mutating func release(_ library: OpenCLLibrary) {
    for entry in entries.values { _ = library.functions.clReleaseMemObject(entry.memory) }
    entries.removeAll(keepingCapacity: true)
  }
}
