// OpenCL from the system's headers, called through a table of function pointers.
//
// The loader is opened at run time, so nothing links against libOpenCL and a program starts without
// it. The table is also where tests replace single functions to make them fail.
#pragma once

#define CL_TARGET_OPENCL_VERSION 300
// clCreateCommandQueue is deprecated since 2.0 and the only way to make a queue on 1.2 platforms.
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <dlfcn.h>
#include <stddef.h>

// Every function used, all of OpenCL 1.2: one that is missing means a broken loader.
#define TESSERA_CL_FUNCTIONS(X)                                                                    \
  X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo)                    \
  X(clCreateContext) X(clReleaseContext) X(clCreateCommandQueue) X(clReleaseCommandQueue)          \
  X(clFlush) X(clFinish)                                                                           \
  X(clCreateBuffer) X(clCreateSubBuffer) X(clReleaseMemObject)                                     \
  X(clEnqueueMapBuffer) X(clEnqueueUnmapMemObject) X(clEnqueueWriteBuffer)                         \
  X(clEnqueueCopyBuffer) X(clEnqueueFillBuffer) X(clEnqueueNDRangeKernel)                          \
  X(clEnqueueMarkerWithWaitList)                                                                   \
  X(clCreateProgramWithSource) X(clCreateProgramWithBinary) X(clBuildProgram)                      \
  X(clGetProgramBuildInfo) X(clGetProgramInfo) X(clReleaseProgram)                                 \
  X(clCreateKernel) X(clReleaseKernel) X(clSetKernelArg) X(clGetKernelInfo)                        \
  X(clGetKernelArgInfo) X(clGetKernelWorkGroupInfo)                                                \
  X(clWaitForEvents) X(clGetEventInfo) X(clGetEventProfilingInfo) X(clRetainEvent)                 \
  X(clReleaseEvent)

// __typeof__ works with every version of the headers; the named function types are newer than some.
#define TESSERA_CL_FIELD(name) __typeof__(&name) name;
#define TESSERA_CL_LOAD(name) table.name = (__typeof__(&name))dlsym(library, #name);
#define TESSERA_CL_MISSING(name) if (table->name == NULL) return #name;

/// OpenCL's functions; each may be replaced.
struct OpenCLFunctions {
  TESSERA_CL_FUNCTIONS(TESSERA_CL_FIELD)
};

/// Looks every function up in a library opened with dlopen.
static inline struct OpenCLFunctions tessera_opencl_load(void *library) {
  struct OpenCLFunctions table;
  TESSERA_CL_FUNCTIONS(TESSERA_CL_LOAD)
  return table;
}

/// Name of the first function the table lacks, or NULL.
static inline const char *tessera_opencl_missing(const struct OpenCLFunctions *table) {
  TESSERA_CL_FUNCTIONS(TESSERA_CL_MISSING)
  return NULL;
}

#undef TESSERA_CL_FIELD
#undef TESSERA_CL_LOAD
#undef TESSERA_CL_MISSING
