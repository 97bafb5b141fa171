package oftp

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// batchSize is how many octets of exchange buffers are gathered for one write:
// small buffers would cost a system call each.
const batchSize = 128 << 10

var batches = sync.Pool{New: func() any {
	b := make([]byte, 0, batchSize+oftpwire.HeaderSize+oftpwire.MaxBuffer)
	return &b
}}

// An outgoing file is the file on disk, or the application's stream.
type outgoing struct {
	*oftpfile.Outgoing
	stream io.Reader
}

// sendFile offers a file and sends it (RFC 5024, sections 4.3 to 4.5). The
// session is the Speaker.
func (s *session) sendFile(destination, path, name string) error {
	out, err := s.openFile(path)
	if err != nil {
		return err
	}
	defer s.closeOutgoing(out)
	sfid, err := s.startFile(out, destination, path, name)
	if err != nil {
		return err
	}
	t := s.newTransfer(s.fromUs(), sfid)
	t.localFile = fullPath(path)

	s.interrupted.Store(false)
	s.sending.Store(true)
	defer s.sending.Store(false)
	position, err := s.offerFile(sfid)
	if err != nil {
		return err
	}
	t.started(s)
	err = out.Start(position)
	if err == nil {
		err = s.sendData(t, out)
	}
	if s.ended != nil {
		t.ended(s, endUnspecified, "the session ended before the file")
		return s.ended
	}
	return s.endFile(t, out, err)
}

func (s *session) openFile(path string) (outgoing, error) {
	v := s.c.settings.Load()
	layout := oftpfile.Layout{Separator: v.recordSeparator}
	s.c.set(func(state *connState) {
		layout.Format, layout.RecordSize = state.format.wire(), state.maxRecordSize
	})
	if err := layout.Check(); err != nil {
		return outgoing{}, err
	}
	if path != "" {
		out, err := oftpfile.OpenFile(path, layout)
		return outgoing{Outgoing: out}, err
	}
	stream := s.c.takeUploadStream()
	if stream == nil {
		return outgoing{}, trap.New(CodeReadFile, "SendFile needs a file name or an UploadStream")
	}
	return outgoing{oftpfile.OpenStream(stream, layout), stream}, nil
}

func (s *session) closeOutgoing(out outgoing) {
	if err := out.Close(); err != nil {
		s.report(trap.Wrap(CodeReadFile, err, "closing a file that was sent"))
	}
	if err := s.closeStream(out.stream); err != nil {
		s.report(err)
	}
}

// startFile is the SFID of a file.
func (s *session) startFile(out outgoing, destination, path, name string) (oftpwire.SFID, error) {
	v := s.c.settings.Load()
	state := get(s.c, func(state *connState) connState { return *state })
	if destination == "" {
		destination = state.sfid
	}
	if name == "" {
		name = VirtualFileName(path)
	}
	if name == "" {
		return oftpwire.SFID{}, trap.New(CodeBuild, "a file sent from a stream needs a VirtualFileName")
	}
	sfid := oftpwire.SFID{
		Name:         name,
		Destination:  destination,
		Originator:   v.ownSFID,
		Format:       state.format.wire(),
		RecordSize:   state.maxRecordSize,
		Size:         out.Blocks(),
		OriginalSize: out.Blocks(),
	}
	if s.level >= oftpwire.Level20 {
		sfid.Description = v.fileDescription
	}
	if d := state.fileDate; d != nil {
		sfid.Stamp = stampOf(d.time, max(d.counter, 1)).At(s.level)
		// Only a file that keeps its stamp can have been begun before.
		if s.m.Agreed().Restart {
			sfid.Restart = out.End()
		}
	} else {
		sfid.Stamp = stamps.next().At(s.level)
	}
	// What cannot be built must be found before the machine has moved on.
	if _, err := sfid.Append(nil, s.level); err != nil {
		return oftpwire.SFID{}, trap.New(CodeBuild, "offering %s: %w", name, err)
	}
	return sfid, nil
}

// VirtualFileName is the name under which SendFile offers a file if it is given
// none: the last part of the path, in the upper case, digits and few signs that
// the RFC knows, 26 in all.
func VirtualFileName(path string) string {
	if path == "" {
		return ""
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-.&()", r) {
			return r
		}
		return '-'
	}, strings.ToUpper(filepath.Base(path)))
	return name[:min(len(name), 26)]
}

// offerFile sends SFID and returns the position that the peer wants to start
// at.
func (s *session) offerFile(sfid oftpwire.SFID) (int64, error) {
	if err := s.input(oftpstate.Input{Event: oftpstate.StartFileRQ, Restart: sfid.Restart}, sfid); err != nil {
		return 0, err
	}
	got, err := s.answer()
	if err != nil {
		return 0, err
	}
	switch cmd := got.cmd.(type) {
	case oftpwire.SFPA:
		return cmd.Restart, nil
	case oftpwire.SFNA:
		s.c.set(func(state *connState) { state.retry = cmd.Retry })
		refused := &FileError{Reason: cmd.Reason, Text: cmd.Text, Retry: cmd.Retry}
		return 0, trap.New(CodeSend, "%s: %w", sfid.Name, refused)
	}
	return 0, trap.New(CodeProtocol, "%v is no answer to SFID", got.cmd.ID())
}

// answer waits for the peer's answer to SFID or EFID. Credit is none: it comes
// late from listeners that send it ahead, or once more after the last buffer.
func (s *session) answer() (received, error) {
	for {
		got, err := s.receive()
		if _, credit := got.cmd.(oftpwire.CDT); !credit || err != nil {
			return got, err
		}
	}
}

// sendData sends the octets of a file. Its error, unless the session is over,
// means that the file is spoilt; the session is in a state then that allows it
// to be ended.
func (s *session) sendData(t *transfer, out outgoing) error {
	lent := batches.Get().(*[]byte)
	defer batches.Put(lent)
	batch := (*lent)[:0]
	size, compress := s.m.Agreed().BufferSize, s.m.Agreed().Compression
	for {
		begin := len(batch)
		frame, done, fault := s.fill(out, batch, size, compress, t)
		if n := len(frame) - begin - oftpwire.HeaderSize; fault == nil && n > 1 {
			batch = frame
			oftpwire.PutHeader(batch[begin:], n)
			s.trail(oftpwire.IDDATA, nil, batch[begin+oftpwire.HeaderSize:], s.fromUs())
			if err := s.input(oftpstate.Input{Event: oftpstate.DataRQ}, nil); err != nil {
				return err
			}
		}
		stop := done || fault != nil
		if !stop && len(batch) < batchSize && s.m.State() != oftpstate.OpenOutWaitCredit {
			continue
		}
		if err := s.flush(batch); err != nil {
			return err
		}
		batch = batch[:0]
		t.moved(s, out.Octets(), nil)
		if stop {
			return fault
		}
	}
}

// fill adds one exchange buffer to the batch: all of it but its length.
func (s *session) fill(out outgoing, batch []byte, size int, compress bool, t *transfer) (frame []byte, done bool, err error) {
	if s.interrupted.Load() {
		return batch, false, trap.New(trap.CodeInterrupted, "sending %s was interrupted", t.sfid.Name)
	}
	limit := len(batch) + oftpwire.HeaderSize + size
	return out.Fill(append(batch, 0, 0, 0, 0, byte(oftpwire.IDDATA)), limit, compress)
}

// flush writes gathered buffers, and waits until there is credit again. What
// the peer says meanwhile is heard.
func (s *session) flush(batch []byte) error {
	if _, err := s.conn.Write(batch); err != nil {
		return s.writeFailed(err)
	}
	for s.m.State() == oftpstate.OpenOutWaitCredit || s.reader.waiting() {
		if _, err := s.receive(); err != nil {
			return err
		}
	}
	return nil
}

// writeFailed ends the session: half a buffer may have gone out. The peer's
// ESID, if it has sent one before it closed the connection, tells more than
// the failed write.
func (s *session) writeFailed(err error) error {
	for s.ended == nil {
		select {
		case <-s.reader.last:
			_, _ = s.receive() // sets s.ended, sooner or later
		default:
			s.finishAs(err)
		}
	}
	return s.ended
}

// endFile ends a file and hears what the peer says of it. A file that was
// spoilt on the way is ended with counts that no receiver can confirm, so that
// the peer does not take the part that it has for the whole.
func (s *session) endFile(t *transfer, out outgoing, spoilt error) error {
	efid := oftpwire.EFID{Records: out.Records(), Octets: out.Octets()}
	if spoilt != nil {
		efid.Octets = impossible(s.level)
	}
	t.size = out.Octets()
	err := s.input(oftpstate.Input{Event: oftpstate.CloseFileRQ}, efid)
	var got received
	if err == nil {
		got, err = s.answer()
	}
	refused, isRefused := got.cmd.(oftpwire.EFNA)
	_, confirmed := got.cmd.(oftpwire.EFPA)
	switch {
	case spoilt != nil:
		t.ended(s, spoiltReason(spoilt), spoilt.Error())
		return spoilt
	case isRefused:
		t.ended(s, endReason(refused.Reason), refused.Text)
		return trap.New(CodeSend, "%s: %w", t.sfid.Name, &FileError{Reason: refused.Reason, Text: refused.Text, After: true})
	case !confirmed:
		t.ended(s, endUnspecified, "the session ended before the file was confirmed")
		return err
	}
	s.c.set(func(state *connState) { state.fileDate = nil })
	t.ended(s, 0, "")
	if s.values().sendCDAfterEFPA && s.m.Speaking() {
		_ = s.input(oftpstate.Input{Event: oftpstate.CDRQ}, nil) // the file is there whatever becomes of the session
	}
	return nil
}

func spoiltReason(err error) int {
	if errors.Is(err, ErrInterrupted) {
		return endStopped
	}
	return endUnspecified
}

// impossible is an octet count that no file has: the largest that its field
// holds.
func impossible(l oftpwire.Level) int64 {
	if l < oftpwire.Level20 {
		return 999_999_999_999
	}
	return 99_999_999_999_999_999
}
