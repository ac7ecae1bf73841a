import COpenCL
import Foundation
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

@Suite struct DriverTests {
  @Test func `without a loader there are no devices and a reason`() throws {
    let driver = OpenCLDriver(path: "/nonexistent/libOpenCL.so.1")
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("/nonexistent/libOpenCL.so.1") == true)
    #expect(throws: TesseraError.self) { try driver.open(0) }
  }

  @Test func `a library that is no OpenCL loader is named with what it lacks`() throws {
    let driver = OpenCLDriver(path: "libc.so.6")
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("lacks clGetPlatformIDs") == true)
  }

  @Test func `a loader without drivers says so`() throws {
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    table.clGetPlatformIDs = { _, _, _ in -1001 }
    let driver = OpenCLDriver(functions: table)
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("no driver") == true)
  }

  @Test func `a platform whose devices cannot be listed is skipped and named`() throws {
    _ = try Bench()
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    table.clGetDeviceIDs = { _, _, _, _, _ in -1 }
    let driver = OpenCLDriver(functions: table)
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("CL_DEVICE_NOT_FOUND") == true)
  }

  @Test func `a table with a hole is refused`() throws {
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    table.clFlush = nil
    #expect(OpenCLDriver(functions: table).devices().isEmpty)
    #expect(throws: TesseraError.self) { try OpenCLDriver(functions: table).open(0) }
  }

  @Test func `every capability is filled`() throws {
    let bench = try Bench()
    let found = bench.device.capabilities
    #expect(found.backend == .openCL)
    #expect(!found.name.isEmpty && !found.vendor.isEmpty && !found.driver.isEmpty)
    #expect(!found.driverVersion.isEmpty && found.apiVersion.hasPrefix("OpenCL "))
    #expect(found.memoryBytes >= found.maxAllocation && found.maxAllocation > 1 << 24)
    #expect(found.localMemoryBytes >= 16 << 10)
    #expect(found.maxWorkgroupInvocations >= 64 && found.computeUnits >= 1)
    #expect(found.maxWorkgroupSize.count == 3 && found.maxGroupCount.count == 3)
    #expect(found.maxConstantBytes >= 128 && found.vectorWidth >= 1)
    #expect(found.f16Storage && found.int64 && found.timestamps)
    #expect(OpenCLDriver().devices().first?.capabilities == found)
    #expect("\(bench.device.identity)" == "opencl:0")
    // A snapshot survives being stored.
    let copy = try JSONDecoder().decode(Capabilities.self, from: JSONEncoder().encode(found))
    #expect(copy == found)
  }

  @Test func `opening a device that is not there says how many there are`() throws {
    _ = try Bench()
    #expect(throws: TesseraError.self) { try OpenCLDriver().open(99) }
    #expect(throws: TesseraError.self) { try OpenCLDriver().open(-1) }
  }
}
