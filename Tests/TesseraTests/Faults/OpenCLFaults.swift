import COpenCL
import TesseraOpenCL

/// A table of OpenCL functions in which any call can fail, and which counts objects.
enum OpenCLFaults {
  nonisolated(unsafe) private static var real = OpenCLFunctions()

  static func table() -> OpenCLFunctions? {
    guard var table = OpenCLDriver().functions else { return nil }
    real = table
    memory(&table)
    programs(&table)
    commands(&table)
    return table
  }

  private static func memory(_ table: inout OpenCLFunctions) {
    table.clCreateBuffer = { context, flags, size, host, status in
      if FaultPoint.isDue("clCreateBuffer") {
        status?.pointee = -4
        return nil
      }
      let made = OpenCLFaults.real.clCreateBuffer(context, flags, size, host, status)
      if made != nil { FaultPoint.count("memory objects", 1) }
      return made
    }
    table.clReleaseMemObject = { object in
      FaultPoint.count("memory objects", -1)
      return OpenCLFaults.real.clReleaseMemObject(object)
    }
    table.clEnqueueMapBuffer = { queue, buffer, wait, flags, offset, size, count, list, event, status in
      if FaultPoint.isDue("clEnqueueMapBuffer") {
        status?.pointee = -6
        return nil
      }
      return OpenCLFaults.real.clEnqueueMapBuffer(
        queue, buffer, wait, flags, offset, size, count, list, event, status)
    }
    table.clEnqueueUnmapMemObject = { queue, object, pointer, count, list, event in
      // Carried out all the same: a driver cannot keep memory mapped for having failed.
      let status = OpenCLFaults.real.clEnqueueUnmapMemObject(queue, object, pointer, count, list, event)
      OpenCLFaults.count(event, status)
      if FaultPoint.isDue("clEnqueueUnmapMemObject") {
        if let made = event?.pointee { _ = OpenCLFaults.release(made) }
        return -6
      }
      return status
    }
  }

  private static func programs(_ table: inout OpenCLFunctions) {
    table.clCreateProgramWithSource = { context, count, texts, lengths, status in
      if FaultPoint.isDue("clCreateProgramWithSource") {
        status?.pointee = -6
        return nil
      }
      let made = OpenCLFaults.real.clCreateProgramWithSource(context, count, texts, lengths, status)
      if made != nil { FaultPoint.count("programs", 1) }
      return made
    }
    table.clReleaseProgram = { program in
      FaultPoint.count("programs", -1)
      return OpenCLFaults.real.clReleaseProgram(program)
    }
    table.clBuildProgram = { program, count, devices, options, callback, user in
      FaultPoint.isDue("clBuildProgram")
        ? -11 : OpenCLFaults.real.clBuildProgram(program, count, devices, options, callback, user)
    }
    table.clCreateKernel = { program, name, status in
      if FaultPoint.isDue("clCreateKernel") {
        status?.pointee = -6
        return nil
      }
      let made = OpenCLFaults.real.clCreateKernel(program, name, status)
      if made != nil { FaultPoint.count("kernels", 1) }
      return made
    }
    table.clReleaseKernel = { kernel in
      FaultPoint.count("kernels", -1)
      return OpenCLFaults.real.clReleaseKernel(kernel)
    }
    table.clSetKernelArg = { kernel, index, size, value in
      FaultPoint.isDue("clSetKernelArg")
        ? -5 : OpenCLFaults.real.clSetKernelArg(kernel, index, size, value)
    }
  }

  private static func commands(_ table: inout OpenCLFunctions) {
    table.clEnqueueNDRangeKernel = { queue, kernel, axes, offset, global, local, count, list, event in
      if FaultPoint.isDue("clEnqueueNDRangeKernel") { return -5 }
      let status = OpenCLFaults.real.clEnqueueNDRangeKernel(
        queue, kernel, axes, offset, global, local, count, list, event)
      OpenCLFaults.count(event, status)
      return status
    }
    table.clEnqueueCopyBuffer = { queue, from, to, fromOffset, toOffset, size, count, list, event in
      if FaultPoint.isDue("clEnqueueCopyBuffer") { return -4 }
      let status = OpenCLFaults.real.clEnqueueCopyBuffer(
        queue, from, to, fromOffset, toOffset, size, count, list, event)
      OpenCLFaults.count(event, status)
      return status
    }
    table.clEnqueueFillBuffer = { queue, buffer, pattern, bytes, offset, size, count, list, event in
      if FaultPoint.isDue("clEnqueueFillBuffer") { return -4 }
      let status = OpenCLFaults.real.clEnqueueFillBuffer(
        queue, buffer, pattern, bytes, offset, size, count, list, event)
      OpenCLFaults.count(event, status)
      return status
    }
    table.clEnqueueMarkerWithWaitList = { queue, count, list, event in
      if FaultPoint.isDue("clEnqueueMarkerWithWaitList") { return -6 }
      let status = OpenCLFaults.real.clEnqueueMarkerWithWaitList(queue, count, list, event)
      OpenCLFaults.count(event, status)
      return status
    }
    table.clFlush = { queue in
      FaultPoint.isDue("clFlush") ? -6 : OpenCLFaults.real.clFlush(queue)
    }
    table.clWaitForEvents = { count, events in
      FaultPoint.isDue("clWaitForEvents") ? -5 : OpenCLFaults.real.clWaitForEvents(count, events)
    }
    table.clRetainEvent = { event in
      FaultPoint.count("events", 1)
      return OpenCLFaults.real.clRetainEvent(event)
    }
    table.clReleaseEvent = { OpenCLFaults.release($0) }
  }

  private static func count(_ event: UnsafeMutablePointer<cl_event?>?, _ status: cl_int) {
    if status == 0, event?.pointee != nil { FaultPoint.count("events", 1) }
  }

  private static func release(_ event: cl_event?) -> cl_int {
    guard event != nil else { return real.clReleaseEvent(event) }
    FaultPoint.count("events", -1)
    return real.clReleaseEvent(event)
  }
}
