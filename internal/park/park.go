package park

import (
	"errors"
	"net"
	"os"
	"time"
)

// ErrWouldBlock is what TryRead and TryWrite return, as it is, when they would
// have to wait.
var ErrWouldBlock = errors.New("park: the operation would block")

// An Owner is told what has become possible on its connection. The calls come
// from a goroutine of the package, never from one that is inside a call of the
// Conn; they must not block, may be spurious, may come before Park returns, and
// may overlap with the owner's own calls of the Conn.
type Owner interface {
	// Readable follows a TryRead that returned ErrWouldBlock or fewer octets
	// than it was asked for, and Park, as soon as there are octets, the end of
	// the stream or an error to read.
	Readable()

	// Writable follows a TryWrite that returned ErrWouldBlock, once, as soon as
	// there is room, or an error to be told of.
	Writable()
}

// A Conn is a parked connection. All methods may be called by any goroutine at
// any time. Read, Write and SendFile wait, within the deadlines, which also
// apply to calls that are waiting already; TryRead and TryWrite never wait and
// know no deadlines. Errors are as those of [net.Conn]: they wrap [net.ErrClosed]
// and [os.ErrDeadlineExceeded], and the end of the stream is io.EOF itself.
type Conn interface {
	// Write returns how many octets it has handed to the system, also with an
	// error, so that an interrupted one can be resumed.
	net.Conn

	// TryRead reads what there is now: nothing is 0 and ErrWouldBlock.
	TryRead(p []byte) (int, error)

	// TryWrite writes what there is room for now. Fewer octets than len(p) come
	// with ErrWouldBlock; so do 0 while a Write or SendFile is under way.
	TryWrite(p []byte) (int, error)

	// SendFile sends n octets of the regular file f from its offset on, which
	// moves by what has been sent; it waits as Write does and returns how many
	// octets it has sent. A file that ends before gives an error that is
	// io.ErrUnexpectedEOF.
	SendFile(f *os.File, n int64) (int64, error)

	// SetWriteTimeout makes Write and SendFile fail with
	// os.ErrDeadlineExceeded when not one further octet has moved for d; 0, the
	// default, lets them wait. It holds for calls that start to wait from now on.
	SetWriteTimeout(d time.Duration)

	// CloseWrite tells the peer that nothing more follows. It returns an error
	// that is [errors.ErrUnsupported] where the connection cannot do that.
	CloseWrite() error

	// SetLinger chooses what Close does with octets that are not sent yet, as
	// [net.TCPConn.SetLinger]: 0 discards them and resets the connection.
	SetLinger(sec int) error

	// Unread returns how many octets have been received and not been read yet;
	// 0 where the system does not tell.
	Unread() int
}
