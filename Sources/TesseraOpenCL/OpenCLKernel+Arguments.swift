import COpenCL
import TesseraCore
import TesseraHAL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Setting arguments; called with the device's lock held.
extension OpenCLKernel {
  /// Sets what differs from the last dispatch.
  func bind(
    _ ranges: UnsafeBufferPointer<BoundRange>, constants: UnsafeRawPointer
  ) throws(TesseraError) {
    switch signature.style {
    case .tessera: try bindTessera(ranges, constants: constants)
    case .plain: try bindPlain(ranges, constants: constants)
    }
  }

  private func bindTessera(
    _ ranges: UnsafeBufferPointer<BoundRange>, constants: UnsafeRawPointer
  ) throws(TesseraError) {
    let slots = signature.slots.count
    for slot in 0..<slots {
      let buffer = ranges[slot].buffer
      try set(slot, memory: buffer.memory, number: buffer.number)
      let offset = UInt64(bitPattern: Int64(ranges[slot].offset))
      let byteCount = UInt64(bitPattern: Int64(ranges[slot].byteCount))
      if lastOffsets[slot] != offset || isBounded && lastByteCounts[slot] != byteCount {
        lastOffsets[slot] = .max
        // Bounded kernels take both as one `ulong2`.
        var place = (offset, byteCount)
        try set(slots + slot, &place, (isBounded ? 2 : 1) * MemoryLayout<UInt64>.size)
        (lastOffsets[slot], lastByteCounts[slot]) = (offset, byteCount)
      }
    }
    guard needsConstants(constants) else { return }
    try set(2 * slots, constants, signature.constantBytes)
    remember(constants)
  }

  private func bindPlain(
    _ ranges: UnsafeBufferPointer<BoundRange>, constants: UnsafeRawPointer
  ) throws(TesseraError) {
    let slots = signature.slots.count
    for slot in 0..<slots {
      let range = ranges[slot]
      let object = try range.buffer.object(offset: range.offset, byteCount: range.byteCount)
      try set(slot, memory: object.memory, number: object.number)
      if isBounded {
        var byteCount = UInt64(bitPattern: Int64(range.byteCount))
        try set(
          slots + signature.constantFields.count + slot, &byteCount, MemoryLayout<UInt64>.size)
      }
    }
    guard needsConstants(constants) else { return }
    for (index, field) in signature.constantFields.enumerated() {
      try set(slots + index, constants + field.offset, field.byteCount)
    }
    remember(constants)
  }

  private func needsConstants(_ constants: UnsafeRawPointer) -> Bool {
    let count = signature.constantBytes
    guard count > 0 else { return false }
    if hasConstants && memcmp(lastConstants, constants, count) == 0 { return false }
    hasConstants = false  // Until every field has been set.
    return true
  }

  private func remember(_ constants: UnsafeRawPointer) {
    lastConstants.copyMemory(from: constants, byteCount: signature.constantBytes)
    hasConstants = true
  }

  private func set(_ slot: Int, memory: cl_mem, number: UInt64) throws(TesseraError) {
    guard lastNumbers[slot] != number else { return }
    lastNumbers[slot] = 0
    var handle: cl_mem? = memory
    try set(slot, &handle, MemoryLayout<cl_mem?>.size)
    lastNumbers[slot] = number
  }

  private func set(
    _ index: Int, _ value: UnsafeRawPointer, _ size: Int
  ) throws(TesseraError) {
    let status = device.library.functions.clSetKernelArg(handle, cl_uint(index), size, value)
    guard status != CL_SUCCESS else { return }
    if status == CL_INVALID_ARG_SIZE {
      throw TesseraError(
        .invalidArgument,
        "argument \(index) of kernel \(signature.name) is not \(size) bytes in its source")
    }
    throw device.failure(status, "clSetKernelArg", .enqueue)
  }
}
