package oftpfile

import "sync"

// bufferSize is the memory of a transfer. It holds two records of any layout
// with their separators.
const bufferSize = 256 << 10

// block is the unit of sizes and restart positions of U and T files.
const block = 1024

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func getBuffer() *[bufferSize]byte { return buffers.Get().(*[bufferSize]byte) }

func putBuffer(b *[bufferSize]byte) {
	if b != nil {
		buffers.Put(b)
	}
}
