package oftp

import (
	"errors"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/ediport/ediport/internal/datefmt"
	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpstate"
	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// listen serves the peer while it is the Speaker; it returns when we are.
func (s *session) listen() error {
	for !s.m.Speaking() {
		got, err := s.receive()
		if err != nil {
			return err
		}
		switch cmd := got.cmd.(type) {
		case oftpwire.SFID:
			err = s.receiveFile(cmd)
		case oftpwire.EERP:
			err = s.receiveEERP(cmd)
		case oftpwire.NERP:
			err = s.receiveNERP(cmd)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receiveFile answers an offered file, and receives it (RFC 5024, sections 4.3
// to 4.5).
func (s *session) receiveFile(sfid oftpwire.SFID) error {
	s.c.set(func(state *connState) { state.received, state.receiving = sfid, true })
	defer s.c.set(func(state *connState) { state.receiving = false })
	t := s.newTransfer(s.fromPeer(), sfid)
	in, err := s.acceptFile(t, sfid)
	if err != nil {
		reason := fileReason(err)
		text := fileTexts[reason]
		if r, ok := err.(*reasoned); ok && r.text != "" {
			text = r.text
		}
		retry := s.c.settings.Load().allowRetry || oftpfile.Passes(err)
		return s.input(oftpstate.Input{Event: oftpstate.StartFileRSNegative}, oftpwire.SFNA{Reason: reason, Retry: retry, Text: text})
	}
	defer in.close(s)
	in.SetLimit(s.c.settings.Load().maxFileSize)
	position := min(sfid.Restart, in.Have())
	if err := in.Start(position); err != nil {
		return s.input(oftpstate.Input{Event: oftpstate.StartFileRSNegative}, oftpwire.SFNA{Reason: fileReason(err)})
	}
	if err := s.input(oftpstate.Input{Event: oftpstate.StartFileRSPositive, Restart: position}, oftpwire.SFPA{Restart: position}); err != nil {
		return err
	}
	t.started(s)
	return s.receiveData(t, in)
}

// An incoming file is the file on disk, or the application's stream.
type incoming struct {
	*oftpfile.Incoming
	stream io.Writer
}

// commit completes the file. A stream may learn only when it is closed that it
// cannot hold the file, which the peer must hear before EFPA.
func (in *incoming) commit(s *session) error {
	if err := in.Commit(); err != nil {
		return err
	}
	stream := in.stream
	in.stream = nil
	if err := s.closeStream(stream); err != nil {
		return &reasoned{oftpfile.ReasonAccess, err.Message}
	}
	return nil
}

// close gives up what has not been committed, and frees the name: before
// EndTransfer tells that the file is done with. Closing again does nothing.
func (in *incoming) close(s *session) {
	if err := in.Abort(); err != nil {
		s.report(trap.Wrap(CodeProtocol, err, "giving up a file that broke off"))
	}
	stream := in.stream
	in.stream = nil
	if err := s.closeStream(stream); err != nil {
		s.report(err)
	}
}

// receiveData receives the octets of a file up to its end. A file at fault is
// given up at once; but the peer may not be interrupted, and is told at the end.
func (s *session) receiveData(t *transfer, in *incoming) error {
	var fault error
	for {
		got, err := s.receive()
		if err != nil {
			t.size = in.Octets()
			in.close(s)
			t.ended(s, endUnspecified, "the session ended before the file")
			return err
		}
		if efid, ok := got.cmd.(oftpwire.EFID); ok {
			if fault == nil {
				fault = in.Verify(efid.Records, efid.Octets, s.c.settings.Load().strictCounts)
			}
			if fault == nil {
				fault = in.commit(s)
			}
			t.size = in.Octets()
			in.close(s)
			return s.closeFile(t, fault)
		}
		if fault == nil {
			if fault = in.Write(got.payload); fault != nil {
				in.close(s) // others may need its room
				if err := s.malformed(t, fault); err != nil {
					return err
				}
			}
		}
		t.moved(s, in.Octets(), got.payload)
	}
}

// malformed ends the session if a fault is not the file's but the buffer's:
// subrecords that do not add up to it.
func (s *session) malformed(t *transfer, fault error) error {
	var wire *oftpwire.Error
	if !errors.As(fault, &wire) {
		return nil
	}
	t.ended(s, endUnspecified, fault.Error())
	return s.input(oftpstate.Input{Event: oftpstate.InvalidBuffer, Reason: wire.Reason}, nil)
}

// closeFile answers the end of a file: by now it is on disk, or it never will
// be. A receipt is owed for it, so the turn is asked for.
func (s *session) closeFile(t *transfer, fault error) error {
	if fault != nil {
		reason := fileReason(fault)
		s.report(trap.Wrap(CodeProtocol, fault, "receiving "+t.sfid.Name))
		err := s.input(oftpstate.Input{Event: oftpstate.CloseFileRSNegative}, oftpwire.EFNA{Reason: reason, Text: fileTexts[reason]})
		t.ended(s, endReason(reason), fault.Error())
		return err
	}
	err := s.input(oftpstate.Input{Event: oftpstate.CloseFileRSPositive, Speaker: true}, oftpwire.EFPA{ChangeDirection: true})
	// Whether or not EFPA has reached the peer, the file is here: its receipt
	// is owed. It is in the book before the handler is called, which may give
	// the file to somebody who calls SendEndResponse before it returns.
	r := t.receipt(s)
	s.house.receipts.keep(r)
	if t.ended(s, 0, "") {
		s.house.receipts.release(r)
	}
	return err
}

// acceptFile asks the application about an offered file, and takes its name.
// An error is the reason of the refusal.
func (s *session) acceptFile(t *transfer, sfid oftpwire.SFID) (*incoming, error) {
	e := s.acceptFileEvent(t, sfid)
	if hook := s.events.OnAcceptFile; hook != nil && !s.ask(func() { hook(e) }) {
		e.Accept, e.ErrorCode = false, fileUnspecified
	}
	if !e.Accept {
		return nil, refusal(e)
	}
	// What no decision of the application can make possible.
	if reason := unsupported(sfid); reason != 0 {
		return nil, &reasoned{reason: reason}
	}
	v := s.c.settings.Load()
	layout := oftpfile.Layout{Format: sfid.Format, RecordSize: sfid.RecordSize, Separator: v.recordSeparator}
	if err := layout.Check(); err != nil {
		return nil, err
	}
	if stream := s.c.takeDownloadStream(); stream != nil {
		return &incoming{s.house.inbox.Stream(stream, layout), stream}, nil
	}
	if e.FileName == "" {
		return nil, &reasoned{oftpfile.ReasonAccess, "there is no folder for received files"}
	}
	t.localFile = fullPath(e.FileName)
	in, err := s.house.inbox.Receive(oftpfile.Target{
		Path:      e.FileName,
		Overwrite: e.Overwrite,
		TempDir:   v.tempPath,
		Key:       s.c.SSIDCode() + "\x00" + identity(sfid),
		Layout:    layout,
		Keep:      s.m.Agreed().Restart,
		Life:      time.Duration(v.partialFileLife) * time.Hour,
	})
	if err != nil {
		s.report(trap.Wrap(CodeProtocol, err, "receiving "+sfid.Name))
	}
	return &incoming{Incoming: in}, err
}

// fullPath is the path that events show; where it cannot be found out, the path
// as it was given.
func fullPath(path string) string {
	if full, err := filepath.Abs(path); err == nil && path != "" {
		return full
	}
	return path
}

// acceptFileEvent is the question about a file, with the answer that stands if
// nobody changes it.
func (s *session) acceptFileEvent(t *transfer, sfid oftpwire.SFID) *AcceptFileEvent {
	e := &AcceptFileEvent{
		ConnectionID:    s.conn.ID(),
		Connection:      s.c,
		VirtualFileName: sfid.Name,
		VirtualFileDate: t.date,
		Destination:     sfid.Destination,
		Originator:      sfid.Originator,
		FileSize:        octets(sfid.Size),
		Accept:          true,
	}
	if dir := s.c.DownloadDirectory(); dir != "" {
		e.FileName = filepath.Join(dir, s.localName(sfid))
	}
	switch reason := unsupported(sfid); {
	case reason != 0:
		e.Accept, e.ErrorCode = false, reason
	case !s.c.ours(sfid.Destination):
		e.Accept, e.ErrorCode = false, fileBadDestination
	case tooLarge(sfid.Size, s.c.settings.Load().maxFileSize):
		e.Accept, e.ErrorCode = false, oftpfile.ReasonTooBig
	}
	return e
}

// tooLarge reports whether a file of so many blocks must have more octets than
// the limit; 0 is none.
func tooLarge(blocks, limit int64) bool { return limit > 0 && octets(blocks-1) >= limit }

// octets is a size in blocks of 1024 as octets.
func octets(blocks int64) int64 { return min(blocks, math.MaxInt64>>10) << 10 }

func refusal(e *AcceptFileEvent) error {
	r := &reasoned{reason: e.ErrorCode, text: e.ErrorDescription}
	if r.reason <= 0 || r.reason > fileUnspecified {
		r.reason = fileUnspecified
	}
	return r
}

// unsupported is the reason for which a file cannot be taken: what it needs is
// not there yet. 0 if it can.
func unsupported(sfid oftpwire.SFID) int {
	switch {
	case sfid.Security == int(SecurityEncrypted), sfid.Security == int(SecurityEncryptedAndSigned):
		return fileEncrypted
	case sfid.Security == int(SecuritySigned):
		return fileSigned
	case sfid.Compression != 0, sfid.Envelope != 0:
		return fileCompressed
	case sfid.SignedReceipt:
		return fileCipherSuite
	}
	return 0
}

// localName is the name that a received file gets, by ReceivedFileNameFormat.
// Nothing in it that came from the peer can leave the folder.
func (s *session) localName(sfid oftpwire.SFID) string {
	t, counter, err := datefmt.FromStamp(sfid.Stamp.Date, sfid.Stamp.Time)
	if err != nil {
		t = time.Now()
	}
	return filepath.FromSlash(oftpfile.Expand(s.c.settings.Load().nameFormat, oftpfile.Macros{
		VirtualFileName: sfid.Name,
		VirtualFileDate: t,
		Counter:         counter,
		DateFormat:      s.values().dateFormat,
		Originator:      sfid.Originator,
		Destination:     sfid.Destination,
		UserData:        sfid.UserData,
	}))
}

// identity tells one virtual file from all others (RFC 5024, section 1.5.2).
func identity(sfid oftpwire.SFID) string {
	return sfid.Name + "\x00" + sfid.Stamp.String() + "\x00" + sfid.Originator + "\x00" + sfid.Destination
}

// closeStream closes an application's stream after its transfer, if it can be
// closed and the setting CloseStreamAfterTransfer says so.
func (s *session) closeStream(stream any) *trap.Error {
	closer, ok := stream.(io.Closer)
	if !ok || !s.values().closeStream {
		return nil
	}
	if err := closer.Close(); err != nil {
		return trap.Wrap(CodeProtocol, err, "closing the stream of a transfer")
	}
	return nil
}
