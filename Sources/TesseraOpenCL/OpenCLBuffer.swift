import COpenCL
import Synchronization
package import TesseraCore
package import TesseraHAL

/// One `cl_mem`. OpenCL itself keeps the memory until queued commands that use it are done.
package final class OpenCLBuffer: HALBuffer, @unchecked Sendable {
  // Unchecked: the handle never changes and OpenCL's functions on it are thread-safe.
  let device: OpenCLDevice
  let memory: cl_mem
  /// Never reused, unlike `memory`.
  let number: UInt64
  package let byteCount: Int
  package let kind: MemoryKind
  private let subBuffers = Mutex(SubBufferCache())

  init(device: OpenCLDevice, byteCount: Int, kind: MemoryKind) throws(TesseraError) {
    try device.checkAlive()
    var flags = cl_mem_flags(CL_MEM_READ_WRITE)
    // Pinned host memory where the driver has it, which maps without a bounce copy.
    if kind == .staging { flags |= cl_mem_flags(CL_MEM_ALLOC_HOST_PTR) }
    var status: cl_int = CL_SUCCESS
    let memory = device.library.functions.clCreateBuffer(
      device.context, flags, byteCount, nil, &status)
    guard let memory, status == CL_SUCCESS else {
      throw device.failure(status, "clCreateBuffer", .allocation, requested: byteCount)
    }
    self.device = device
    self.memory = memory
    self.byteCount = byteCount
    self.kind = kind
    number = device.newObjectNumber()
    device.allocated.wrappingAdd(byteCount, ordering: .relaxed)
  }

  deinit {
    subBuffers.withLock { $0.release(device.library) }
    _ = device.library.functions.clReleaseMemObject(memory)
    device.allocated.wrappingSubtract(byteCount, ordering: .relaxed)
  }

  package var isHostVisible: Bool { kind == .staging || device.capabilities.unifiedMemory }

  package func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    guard isHostVisible else {
      throw .unsupported("host access to device memory", device: device.identity.name)
    }
    guard byteCount > 0 else {
      return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
    let cl = device.library.functions
    // A body that writes may write less than the range: the old contents are there with either flag,
    // only CL_MAP_WRITE_INVALIDATE_REGION gives them up.
    let flags = cl_map_flags(writing ? CL_MAP_WRITE : CL_MAP_READ)
    var status: cl_int = CL_SUCCESS
    let address = cl.clEnqueueMapBuffer(
      device.transferQueue, memory, cl_bool(CL_TRUE), flags, offset, byteCount, 0, nil, nil, &status
    )
    guard let address, status == CL_SUCCESS else {
      throw device.failure(status, "clEnqueueMapBuffer", .enqueue)
    }
    var bodyError: TesseraError?
    do throws(TesseraError) {
      try body(UnsafeMutableRawBufferPointer(start: address, count: byteCount))
    } catch {
      bodyError = error
    }
    try unmap(address, written: writing)
    if let bodyError { throw bodyError }
  }

  /// Ends a mapping. After writes it waits, so that work submitted afterwards to the other queue
  /// sees them; after reads there is nothing that anyone could miss.
  private func unmap(
    _ address: UnsafeMutableRawPointer, written: Bool
  ) throws(TesseraError) {
    let cl = device.library.functions
    let queue = device.transferQueue
    guard written else {
      let status = cl.clEnqueueUnmapMemObject(queue, memory, address, 0, nil, nil)
      try device.check(status, "clEnqueueUnmapMemObject", .enqueue)
      return try device.check(cl.clFlush(queue), "clFlush", .enqueue)
    }
    var done: cl_event?
    let status = cl.clEnqueueUnmapMemObject(queue, memory, address, 0, nil, &done)
    try device.check(status, "clEnqueueUnmapMemObject", .enqueue)
    defer { _ = cl.clReleaseEvent(done) }
    try device.check(cl.clWaitForEvents(1, &done), "clWaitForEvents", .wait)
  }

  /// The handle and number that a `plain` kernel gets for a range: the buffer itself from offset 0,
  /// a cached sub-buffer elsewhere.
  func object(
    offset: Int, byteCount: Int
  ) throws(TesseraError) -> (memory: cl_mem, number: UInt64) {
    if offset == 0 { return (memory, number) }
    return try subBuffers.withLock { cache throws(TesseraError) in
      try cache.object(of: self, offset: offset, byteCount: byteCount)
    }
  }
}
