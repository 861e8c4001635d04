package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Design of the slate
//
// What a process has written to a file, without a sync, is there when it is killed, since the kernel has it. Whether it
// is there after anything that ends the kernel is not known. So the file begins with which kernel it was written for (the boot
// ID), and which file it is: one of an earlier boot or of another machine says nothing, and neither does a copy.
// Containers of one machine have one kernel, and see the same file. File systems that other kernels may write to are
// not used, and a file of which something could not be written back says nothing, since the kernel may have forgotten it.
//
// Every slot has a checksum. One that does not fit is empty, as one in whose midst a process was killed.

const (
	// Slots is how many slots a slate has.
	Slots = 65
	// SlotSize is how much fits into one.
	SlotSize = 16<<10 - slotHead

	slotHead  = 8
	firstSlot = 4 << 10
)

// slate is a file: its identity, then the slots at fixed places, each with its length and checksum.
type slate struct {
	f    *os.File
	id   string
	left [][]byte
	room sync.Pool
}

func (s *SQLite) slates() string { return filepath.Join(s.dir, "slates") }

func (s *SQLite) slateName(run string) string { return filepath.Join(s.slates(), fileName(run)) }

func (s *SQLite) Slate(run string) (Slate, error) {
	if err := os.MkdirAll(s.slates(), 0o700); err != nil {
		return nil, slateError(err)
	}
	f, err := os.OpenFile(s.slateName(run), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, slateError(err)
	}
	id := identity(f)
	if id == "" {
		f.Close()
		return nil, os.Remove(f.Name())
	}
	out := &slate{f: f, id: id}
	out.read()
	return out, nil
}

func slateError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: the disk is full. What was to be kept is not, and nothing that depends on it was begun", err)
	}
	return fmt.Errorf("what a run is about to send cannot be noted: %w", err)
}

// read finds out what is left, unless it is not certain to be what was written last.
func (s *slate) read() {
	if info, err := s.f.Stat(); err != nil || info.Size() == 0 {
		return
	}
	if s.f.Sync() != nil { // something did not reach the disk, and may be gone from memory since
		return
	}
	data, err := io.ReadAll(io.NewSectionReader(s.f, 0, slotAt(Slots)))
	if err != nil || len(data) < firstSlot || string(unframe(-1, data[:firstSlot])) != s.id {
		return
	}
	s.left = make([][]byte, Slots)
	for i := range s.left {
		at := int(slotAt(i))
		if at >= len(data) {
			break
		}
		s.left[i] = unframe(i, data[at:min(at+slotHead+SlotSize, len(data))])
	}
}

func slotAt(i int) int64 { return firstSlot + int64(i)*(slotHead+SlotSize) }

// frame writes a slot: the length of what is in it, a checksum of that and of the slot's number, and itself.
func frame(dst []byte, slot int, data []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	dst = binary.LittleEndian.AppendUint32(dst, slotSum(slot, data))
	return append(dst, data...)
}

func unframe(slot int, b []byte) []byte {
	if len(b) < slotHead {
		return nil
	}
	n, sum := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if b = b[slotHead:]; n == 0 || int64(n) > int64(len(b)) || slotSum(slot, b[:n]) != sum {
		return nil
	}
	return b[:n]
}

func slotSum(slot int, data []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, []byte{byte(slot), byte(slot >> 8)}), castagnoli, data)
}

func (s *slate) Left() [][]byte { return s.left }

func (s *slate) Wipe() error {
	s.left = nil
	err := s.f.Truncate(0)
	if err == nil {
		_, err = s.f.WriteAt(frame(nil, -1, []byte(s.id)), 0)
	}
	if err == nil {
		err = s.f.Truncate(slotAt(Slots))
	}
	if err != nil {
		return slateError(err)
	}
	return nil
}

func (s *slate) Write(slot int, data []byte) error {
	b, _ := s.room.Get().(*[]byte)
	if b == nil {
		b = new([]byte)
	}
	*b = frame((*b)[:0], slot, data)
	_, err := s.f.WriteAt(*b, slotAt(slot))
	s.room.Put(b)
	if err != nil {
		return slateError(err)
	}
	return nil
}

func (s *slate) Close() error { return s.f.Close() }
