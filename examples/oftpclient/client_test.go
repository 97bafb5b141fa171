package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A printed collects what goroutines print.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *printed) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *printed) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// newServer returns a server that lets everybody in, and its address.
func newServer(t *testing.T, change func(*oftp.Server)) string {
	t.Helper()
	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode = "SERVER", "SERVER"
	inbox := t.TempDir()
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) { e.Connection.SetDownloadDirectory(inbox) }
	if change != nil {
		change(srv)
	}
	require.NoError(t, srv.StartListening())
	t.Cleanup(srv.Shutdown)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(srv.LocalPort))
}

// client runs the program.
func client(t *testing.T, address string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs printed
	code = run(t.Context(), append([]string{"-connect", address, "-ssid", "CLIENT"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func newFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestExitCodesOfFiles(t *testing.T) {
	t.Parallel()
	path := newFile(t, "a.edi", "UNB'")
	noReceipts := func(s *oftp.Server) {
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) { e.SendEndResponse = false }
	}
	negative := func(s *oftp.Server) {
		s.OnEndTransfer = func(e *oftp.EndTransferEvent) {
			e.SendEndResponse = false
			_, _ = s.Config("FireEndResponseOnSend=False")
		}
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			_ = e.Connection.SendEndResponse(oftp.EndResponse{
				VirtualFileName: "A", VirtualFileDate: "01/02/2026 03:04:05", ReasonCode: 34,
			})
			_ = e.Connection.Logoff()
		}
	}
	refusing := func(s *oftp.Server) {
		s.OnAcceptFile = func(e *oftp.AcceptFileEvent) { e.Accept, e.ErrorCode = e.VirtualFileName != "A", 14 }
	}
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)))
	send := []string{"-send", path + "=A"}
	for name, c := range map[string]struct {
		server func(*oftp.Server)
		args   []string
		code   int
		out    string
		errs   string
	}{
		"acknowledged":              {nil, send, exitOK, "receipt A 202601020304050001", ""},
		"no receipt":                {noReceipts, send, exitUnfinished, "sent A ", "no receipt has come for A"},
		"no receipt is waited for":  {noReceipts, append(send, "-no-wait"), exitOK, "sent A ", ""},
		"negative receipt":          {negative, send, exitUnfinished, "sent A ", "was not delivered: file processing failed"},
		"refused, the next is sent": {refusing, append(send, "-send", path+"=B"), exitUnfinished, "receipt B", "direction refused"},
		"missing":                   {nil, append(send, "-send", path+".none"), exitUnfinished, "receipt A", "was not sent"},
		"a name that is too long":   {nil, append(send, "-send", path+"="+strings.Repeat("N", 27)), exitUnfinished, "receipt A", "was not sent"},
		"a line that is too long":   {nil, append(send, "-format", "V", "-record-size", "2"), exitUnfinished, "", "was not sent"},
		"nothing to do":             {nil, nil, exitOK, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := client(t, newServer(t, c.server), c.args...)
			assert.Equal(t, c.code, code, errs)
			assert.Contains(t, out, c.out)
			assert.Contains(t, errs, c.errs)
		})
	}
}

func TestVersionsFormatsAndEqualNames(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.2", "1.3", "1.4", "2.0"} {
		for _, format := range [][]string{{"U"}, {"T"}, {"F", "-record-size", "4"}, {"V", "-record-size", "9"}} {
			t.Run(version+format[0], func(t *testing.T) {
				t.Parallel()
				address := newServer(t, func(s *oftp.Server) {
					_, err := s.Config("ReceivedFileNameFormat=%GUID%")
					require.NoError(t, err)
				})
				path := newFile(t, "a.txt", "1234\r\n5678\r\n")
				args := append([]string{"-version", version, "-send", path, "-send", path, "-trace", "-format"}, format...)
				code, out, errs := client(t, address, args...)
				assert.Equal(t, exitOK, code, errs)
				assert.Contains(t, errs, "SSID Level="+version)
				assert.Equal(t, 2, strings.Count(out, "receipt A.TXT "), out)
				assert.Contains(t, errs, "Format="+format[0])
			})
		}
	}
}

func TestTheEndOfTheContextBreaksTheSession(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := newServer(t, func(s *oftp.Server) {
		s.OnStartTransfer = func(*oftp.StartTransferEvent) { cancel() }
		s.OnTransfer = func(*oftp.TransferEvent) { <-ctx.Done() }
	})
	var out, errs printed
	path := newFile(t, "a.dat", strings.Repeat("abcd", 1<<20))
	args := []string{"-connect", address, "-ssid", "CLIENT", "-send", path, "-buffer", "128", "-credit", "1"}
	assert.Equal(t, exitSession, run(ctx, args, &out, &errs))
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"unexpected argument":      {"more"},
		"use FILE":                 {"-send", "=A"},
		"use 1.2, 1.3, 1.4 or 2.0": {"-version", "3"},
		"use U, T, F or V":         {"-format", "X"},
		"-record-size belongs":     {"-format", "F"},
		"belong together":          {"-tls", "-cert", "f"},
		"need -tls":                {"-insecure"},
		"-ca none.pem":             {"-tls", "-ca", "none.pem"},
		"-cert and -key:":          {"-tls", "-cert", "none.pem", "-key", "none.pem"},
		"CreditCount=1000":         {"-credit", "1000"},
		"ExchangeBufferSize=127":   {"-buffer", "127"},
		"use NAME=VALUE":           {"-config", "Restart"},
		"missing port":             {"-connect", "host"},
	} {
		code, out, errs := client(t, "127.0.0.1:1", args...)
		assert.Equal(t, exitUsage, code, want)
		assert.Contains(t, errs, want)
		assert.Empty(t, out)
	}
	for _, args := range [][]string{{"-ssid", "ME"}, {"-connect", "h:1"}} {
		assert.Equal(t, exitUsage, run(t.Context(), args, new(printed), new(printed)))
	}
}

func TestHelpExplainsRestart(t *testing.T) {
	t.Parallel()
	code, _, errs := client(t, "h:1", "-h")
	assert.Equal(t, exitOK, code)
	for _, text := range []string{"time of their last modification", "goes on", "Exit codes", "-buffer OCTETS"} {
		assert.Contains(t, errs, text)
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	modified := time.Date(2026, 11, 20, 8, 15, 59, 999_950_000, time.Local)
	s := newStamps(oftp.Version20)
	assert.Equal(t, "202611200815599999", s.of(file{path: "dir/a"}, modified))
	assert.Equal(t, "202611200815599999", s.of(file{path: "b"}, modified), "another name")
	assert.Equal(t, "202611200816000001", s.of(file{path: "a"}, modified), "there is no counter 0000")
	assert.Equal(t, "202611200816000002", s.of(file{path: "x", name: "A"}, modified))
	old := newStamps(oftp.Version13)
	assert.Equal(t, "202611200815590001", old.of(file{path: "a"}, modified))
	assert.Equal(t, "202611200816000001", old.of(file{path: "a"}, modified), "no counter at all")
}

func TestBar(t *testing.T) {
	t.Parallel()
	path := newFile(t, "a", strings.Repeat("x", 200))
	var out bytes.Buffer
	b := newBar(&out)
	for _, n := range []int64{100, 100, 200} {
		b.transfer(&oftp.TransferEvent{LocalFile: path, VirtualFileName: "A", BytesTransferred: n})
	}
	half := draw("A", 100, 200)
	assert.Contains(t, half, "["+strings.Repeat("=", 20)+strings.Repeat(" ", 20)+"]  50 %")
	assert.Equal(t, "\r"+half+"\r"+draw("A", 200, 200)+"\n", out.String())
	assert.Contains(t, draw("A", 5<<20, 0), "5 MiB")
	assert.False(t, isTerminal(&out))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	assert.False(t, isTerminal(f))
}
