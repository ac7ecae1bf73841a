package import COpenCL

// Raw handles, for other libraries that work on the same device's queue and memory.

extension OpenCLDevice {
  /// The in-order queue all work goes through. Borrowed: valid while the device lives.
  package var rawQueue: cl_command_queue { queue }
}

extension OpenCLBuffer {
  /// The memory object. Borrowed: valid while the buffer lives.
  package var rawMemory: cl_mem { memory }
}
